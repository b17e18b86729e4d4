# Real answers that come with R packages, and what R says about them, for benchmarks/real_answers.py.
# Usage: Rscript benchmarks/real_answers.R FOLDER   (a CSV per table and expected.json out)
# The answers stay in FOLDER: they belong to their packages and are not part of evalkit.
suppressPackageStartupMessages({
  library(psych); library(psychTools); library(lavaan); library(semTools); library(MASS); library(jsonlite)
})
folder <- commandArgs(TRUE)[1]
quietly <- function(x) suppressMessages(suppressWarnings(x))
found <- list()
say <- function(table, values) for (name in names(values)) {
  value <- unname(values[[name]])
  if (length(value) == 1 && is.finite(value)) found[[paste(table, name, sep = ": ")]] <<- value
}
keep <- function(table, frame) write.csv(frame, file.path(folder, paste0(table, ".csv")), row.names = FALSE, na = "")
turned <- function(items, against, ends) { for (name in against) items[[name]] <- sum(ends) - items[[name]]; items }

loevinger <- function(items) {
  top <- function(i, j) cov(sort(items[[i]]), sort(items[[j]]))
  pairs <- combn(ncol(items), 2)
  seen <- apply(pairs, 2, function(p) cov(items[[p[1]]], items[[p[2]]]))
  sum(seen) / sum(apply(pairs, 2, function(p) top(p[1], p[2])))
}
one_factor <- function(items) {
  labels <- paste0("l", seq_along(items)); errors <- paste0("e", seq_along(items))
  model <- c(paste("f =~", paste0(labels, "*", names(items), collapse = " + ")), paste0(names(items), " ~~ ", errors, "*", names(items)),
    paste0("omega := (", paste(labels, collapse = "+"), ")^2 / ((", paste(labels, collapse = "+"), ")^2 + ", paste(errors, collapse = "+"), ")"))
  table <- parameterEstimates(cfa(paste(model, collapse = "\n"), items, std.lv = TRUE))
  unlist(table[table$label == "omega", c("est", "ci.lower", "ci.upper")])
}
scale <- function(table, items, ends, ordinal = TRUE) {
  keep(table, items)
  complete <- na.omit(items)
  k <- ncol(items)
  for (missing in c("complete", "pairwise")) {
    one <- quietly(psych::alpha(if (missing == "complete") complete else items, check.keys = FALSE, warnings = FALSE))
    say(table, setNames(list(one$total$raw_alpha, one$total$std.alpha, one$total$`G6(smc)`, one$total$average_r,
      one$item.stats$r.drop[1], one$item.stats$r.drop[k], one$alpha.drop$raw_alpha[1]),
      paste(c("alpha", "standardised_alpha", "lambda6", "mean_item_r", "item_rest_r first", "item_rest_r last", "alpha_if_dropped first"), missing)))
  }
  say(table, list("mean first pairwise" = one$item.stats$mean[1], "sd last pairwise" = one$item.stats$sd[k]))
  # With gaps: every answer that was given
  fiml <- quietly(cfa(paste("f =~", paste(names(items), collapse = " + ")), items, std.lv = TRUE, missing = "fiml"))
  say(table, list("omega fiml" = as.numeric(quietly(compRelSEM(fiml, obs.var = FALSE)))))
  limits <- alpha.ci(quietly(psych::alpha(complete, check.keys = FALSE, warnings = FALSE))$total$raw_alpha, nrow(complete), k, digits = 16)
  say(table, list("alpha low complete" = limits$lower.ci, "alpha high complete" = limits$upper.ci))
  omega <- one_factor(complete)
  say(table, list("omega complete" = omega[[1]], "omega low complete" = omega[[2]], "omega high complete" = omega[[3]],
    "sem complete" = sd(rowSums(complete)) * sqrt(1 - omega[[1]])))
  if (max(sapply(complete, function(x) length(unique(x)))) <= 24) say(table, list("mokken_h complete" = loevinger(complete)))
  if (k >= 6) {
    schmid <- quietly(psych::omega(complete, 3, plot = FALSE))
    say(table, list("omega_h complete" = schmid$omega_h, "omega_t complete" = schmid$omega.tot))
  }
  if (k %% 2 == 0 && k <= 16) {
    halves <- quietly(psych::splitHalf(complete, check.keys = FALSE, covar = TRUE, brute = TRUE))
    say(table, list("split_half_highest complete" = halves$maxrb, "split_half_mean complete" = halves$meanr, "split_half_lowest complete" = halves$minrb))
  }
  if (ordinal) {
    fit <- quietly(cfa(paste("f =~", paste(names(items), collapse = " + ")), complete, ordered = TRUE, std.lv = TRUE, estimator = "WLSMV"))
    r <- lavInspect(fit, "sampstat")$cov
    loading <- lavInspect(fit, "std")$lambda
    say(table, list("ordinal_alpha complete" = k / (k - 1) * (1 - k / sum(r)), "ordinal_omega complete" = as.numeric(quietly(compRelSEM(fit, ord.scale = TRUE))),
      "ordinal_omega_latent complete" = sum(loading)^2 / (sum(loading)^2 + sum(1 - loading^2))))
  }
}
indices <- c(chi_square = "chisq", df = "df", cfi = "cfi", tli = "tli", rmsea = "rmsea")
model_of <- function(factors) paste(sapply(names(factors), function(name) paste(name, "=~", paste(factors[[name]], collapse = " + "))), collapse = "\n")
fitted <- function(table, factors, data, variants) for (variant in variants) {
  arguments <- switch(variant, ML = list(missing = "listwise"), "ML fiml" = list(missing = "fiml"), "MLR fiml" = list(missing = "fiml", estimator = "MLR"),
    WLSMV = list(ordered = TRUE, estimator = "WLSMV"))
  used <- if (variant %in% c("ML", "WLSMV")) na.omit(data) else data[rowSums(!is.na(data)) > 0, ]
  if (!anyNA(used)) arguments$missing <- NULL  # complete answers: a model without means
  fit <- quietly(do.call("cfa", c(list(model_of(factors), used, std.lv = TRUE), arguments)))
  stopifnot(lavInspect(fit, "converged"))
  measures <- fitMeasures(fit)
  say(table, setNames(as.list(measures[indices]), paste(names(indices), variant)))
  if (variant %in% c("MLR fiml", "WLSMV")) say(table, setNames(as.list(measures[paste0(indices, ".scaled")]), paste0(names(indices), "_scaled ", variant)))
  say(table, setNames(list(measures[["srmr"]], lavInspect(fit, "std")$lambda[1, 1]), paste(c("srmr", "loading first"), variant)))
}
ladder <- function(table, models, data, variant, ...) for (step in names(models)) {
  fit <- quietly(cfa(models[[step]], data, ...))
  stopifnot(lavInspect(fit, "converged"))
  measures <- fitMeasures(fit)
  suffix <- if ("chisq.scaled" %in% names(measures)) ".scaled" else ""
  wanted <- c("chisq", "df", "cfi", "rmsea")
  say(table, setNames(as.list(measures[paste0(wanted, suffix)]), paste(c("chi_square", "df", "cfi", "rmsea"), step, variant)))
}
steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"))
ordinal_steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"), scalar = c("thresholds", "loadings", "intercepts"))
functioning <- function(table, items, group) {
  data <- na.omit(data.frame(items, group = group))
  keep(table, data)
  match <- rowSums(data[names(items)]); match <- match - mean(range(match))
  in_group <- as.numeric(data$group == sort(unique(data$group))[2])
  for (name in names(items)[1:3]) {
    answer <- factor(data[[name]], ordered = TRUE)
    fit <- function(formula) {
      if (nlevels(answer) > 2) polr(formula, control = list(reltol = 1e-15, maxit = 500)) else glm(formula, family = binomial, control = list(epsilon = 1e-12))
    }
    plain <- fit(answer ~ match); uniform <- fit(answer ~ match + in_group); full <- fit(answer ~ match * in_group); null <- fit(answer ~ 1)
    n <- nrow(data)
    square <- function(one) as.numeric((1 - exp(2 * (logLik(null) - logLik(one)) / n)) / (1 - exp(2 * logLik(null) / n)))
    say(table, setNames(list(as.numeric(2 * (logLik(full) - logLik(plain))), as.numeric(2 * (logLik(uniform) - logLik(plain))),
      square(full) - square(plain), exp(coef(uniform)[["in_group"]])), paste(c("total_chi_square", "uniform_chi_square", "r2_change", "odds_ratio"), name)))
  }
}

# Big five (psych), 1-6, gaps, five scales
data(bfi, package = "psych")
bfi <- turned(bfi, c("A1", "C4", "C5", "E1", "E2", "O2", "O5"), c(1, 6))
big <- lapply(c(A = "A", C = "C", E = "E", N = "N", O = "O"), paste0, 1:5)
for (one in names(big)) scale(paste0("bfi ", one), bfi[big[[one]]], c(1, 6))
scale("bfi CE", bfi[c(big$C, big$E)], c(1, 6), ordinal = FALSE)
keep("bfi", bfi[unlist(big)]); fitted("bfi", big, bfi[unlist(big)], c("ML", "ML fiml", "MLR fiml", "WLSMV"))
invisible(capture.output(eigen_pairs <- quietly(fa.parallel(bfi[unlist(big)], plot = FALSE, fa = "both", n.iter = 20))))
say("bfi", list("component first" = eigen_pairs$pc.values[1], "component fifth" = eigen_pairs$pc.values[5], "axis first" = eigen_pairs$fa.values[1],
  "n_components" = eigen_pairs$ncomp, "n_factors" = eigen_pairs$nfact))
groups <- data.frame(bfi[big$N], group = bfi$gender)
keep("bfi groups", groups)
write <- function(equal, ...) as.character(quietly(measEq.syntax("f =~ N1 + N2 + N3 + N4 + N5", ID.fac = "std.lv", group = "group", group.equal = equal, return.fit = FALSE, ...)))
whole <- na.omit(groups)
some <- groups[rowSums(!is.na(groups[big$N])) > 0, ]
ladder("bfi groups", lapply(steps, write, data = whole), some, "MLR fiml", group = "group", estimator = "MLR", missing = "fiml")
ladder("bfi groups", lapply(ordinal_steps, write, data = whole, ordered = big$N, parameterization = "delta", ID.cat = "Wu.Estabrook.2016"), whole,
  "WLSMV", group = "group", ordered = big$N, parameterization = "delta")
functioning("bfi dif", bfi[big$C], bfi$gender)

# State anxiety (psychTools), 1-4, on two occasions
calm <- c("calm", "secure", "at.ease", "rested", "comfortable", "confident", "relaxed", "content", "joyful", "pleasant")
state <- turned(psychTools::sai, calm, c(1, 4))
items <- setdiff(names(state), c("study", "time", "id"))
both <- intersect(paste(state$study, state$id)[state$time == 1], paste(state$study, state$id)[state$time == 2])
state$pupil <- paste(state$study, state$id)
state <- state[state$pupil %in% both & state$time %in% 1:2, ]
state <- state[!duplicated(state[c("pupil", "time")]), ]
scale("state", state[state$time == 1, items], c(1, 4))
keep("state waves", state[c("pupil", "time", items)])
means <- function(time) { one <- state[state$time == time, ]; setNames(rowMeans(one[items]), one$pupil) }
scores <- data.frame(first = means(1)[both], second = means(2)[both]); scores <- na.omit(scores)
icc <- quietly(psych::ICC(scores, lmer = FALSE)$results)
say("state waves", list("icc_agreement" = icc[2, "ICC"], "icc_agreement low" = icc[2, "lower bound"], "icc_agreement high" = icc[2, "upper bound"],
  "icc_consistency" = icc[3, "ICC"], "icc_consistency low" = icc[3, "lower bound"], "icc_consistency high" = icc[3, "upper bound"],
  "sem_consistency" = sd(scores$first - scores$second) / sqrt(2)))
five <- c("tense", "regretful", "upset", "worrying", "anxious")
wide <- merge(state[state$time == 1, c("pupil", five)], state[state$time == 2, c("pupil", five)], by = "pupil", suffixes = c("_1", "_2"))
pre <- paste0(five, "_1"); post <- paste0(five, "_2")
before_after <- paste0("pre =~ ", paste(pre, collapse = " + "), "\npost =~ ", paste(post, collapse = " + "))
write <- function(equal, ...) as.character(quietly(measEq.syntax(before_after, ID.fac = "std.lv", longFacNames = list(f = c("pre", "post")),
  longIndNames = setNames(lapply(seq_along(five), function(i) c(pre[i], post[i])), five), long.equal = equal, auto = "all", return.fit = FALSE, ...)))
long <- na.omit(wide)
ladder("state waves", lapply(steps, write, data = long), wide[rowSums(!is.na(wide[c(pre, post)])) > 0, ], "MLR fiml", estimator = "MLR", missing = "fiml")
for (name in c(pre, post)) long[[name]] <- pmin(long[[name]], 3)
keep("state ordinal", long)
ladder("state ordinal", lapply(ordinal_steps, write, data = long, ordered = c(pre, post), parameterization = "delta", ID.cat = "Wu.Estabrook.2016"), long, "WLSMV",
  ordered = c(pre, post), parameterization = "delta")

# Trait anxiety, abilities (right or wrong), a personality inventory (yes or no; 1-6), moods 0-3 (psychTools)
scale("trait", turned(psychTools::tai, c("pleasant", "rested", "calm", "happy", "secure", "wish.happy")[c(1, 3)], c(1, 4))[, -(1:3)], c(1, 4), ordinal = FALSE)
scale("ability", data.frame(psychTools::ability), c(0, 1))
extraversion <- psychTools::epi.keys$E; against <- sub("-", "", grep("^-", extraversion, value = TRUE))
epi <- turned(psychTools::epi, against, c(1, 2))[sub("-", "", extraversion)]
scale("epi E", epi, c(1, 2), ordinal = FALSE)
agree <- psychTools::spi.keys[["Compassion"]]
scale("spi", turned(psychTools::spi, sub("-", "", grep("^-", agree, value = TRUE)), c(1, 6))[sub("-", "", agree)], c(1, 6))
moods <- c("tense", "nervous", "jittery", "anxious", "scared", "afraid")
scale("moods", psychTools::msqR[psychTools::msqR$time == 1, moods], c(0, 3))
# Holzinger and Swineford's tests (lavaan): numbers, two schools
swineford <- HolzingerSwineford1939
three <- list(visual = paste0("x", 1:3), textual = paste0("x", 4:6), speed = paste0("x", 7:9))
for (one in names(three)) scale(one, swineford[three[[one]]], c(0, 10), ordinal = FALSE)
scale("nine tests", swineford[unlist(three)], c(0, 10), ordinal = FALSE)
keep("swineford", swineford[unlist(three)]); fitted("swineford", three, swineford[unlist(three)], c("ML", "MLR fiml"))
keep("swineford groups", data.frame(swineford[unlist(three)], group = swineford$school))
write <- function(equal) as.character(quietly(measEq.syntax(model_of(three), swineford, ID.fac = "std.lv", group = "school", group.equal = equal, return.fit = FALSE)))
ladder("swineford groups", lapply(c(steps, list(strict = c("loadings", "intercepts", "residuals"))), write), swineford, "ML", group = "school")
# Verbal aggression (lme4), 0-2
verbal <- reshape(transform(lme4::VerbAgg, answer = as.numeric(resp) - 1)[c("id", "Gender", "item", "answer")], idvar = c("id", "Gender"), timevar = "item", direction = "wide")
names(verbal) <- sub("answer.", "", names(verbal), fixed = TRUE)
scale("verbal", verbal[3:14], c(0, 2))
functioning("verbal dif", verbal[3:14], verbal$Gender)
# Employees' attitudes (base R): 30 people
scale("attitude", attitude, c(0, 100), ordinal = FALSE)

session <- list(R = R.version.string, psych = as.character(packageVersion("psych")), lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools")))
write_json(list(session = session, values = found), file.path(folder, "expected.json"), auto_unbox = TRUE, digits = 15)
