# Measurement invariance between groups and between waves: continuous (ML, MLR, schools, gaps) and ordinal answers.
# semTools writes the models, so that the ordinal ones are identified as Wu and Estabrook (2016) say.
# Run from the repository root: Rscript tests/oracle/r/lavaan_invariance.R
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})

groups <- read.csv("tests/oracle/data/factor_three.csv")
waves <- read.csv("tests/oracle/data/factor_waves.csv")
q <- paste0("q", 1:12)
three <- "f1 =~ q1 + q2 + q3 + q4
f2 =~ q5 + q6 + q7 + q8
f3 =~ q9 + q10 + q11 + q12"
pre <- paste0("pre_q", 1:6); post <- paste0("post_q", 1:6)
before_after <- paste0("pre =~ ", paste(pre, collapse = " + "), "\npost =~ ", paste(post, collapse = " + "))
factors <- list(f = c("pre", "post"))
same <- setNames(lapply(1:6, function(i) c(pre[i], post[i])), paste0("q", 1:6))

steps <- list(configural = "", metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
ordinal_steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
                      scalar = c("thresholds", "loadings", "intercepts"))
delta <- list(parameterization = "delta", ID.cat = "Wu.Estabrook.2016")

syntax <- function(equal, data, ordered = NULL, between = c("waves", "groups"), model = three) {
  arguments <- list(data = data, ID.fac = "std.lv", return.fit = FALSE)
  if (between == "waves") {
    arguments <- c(arguments, list(configural.model = before_after, longFacNames = factors, longIndNames = same,
                                   long.equal = equal, auto = "all"))
  } else {
    arguments <- c(arguments, list(configural.model = model, group = "group", group.equal = equal))
  }
  if (!is.null(ordered)) arguments <- c(arguments, list(ordered = ordered), delta)
  as.character(do.call(measEq.syntax, arguments))
}
wanted <- c(chi_square = "chisq", df = "df", cfi = "cfi", tli = "tli", rmsea = "rmsea")
indices <- function(measures, suffix) {
  out <- as.list(unname(measures[paste0(wanted, suffix)])); names(out) <- names(wanted); out
}
ladder <- function(models, data, ...) {
  fits <- lapply(models, function(model) suppressWarnings(cfa(model, data, ...)))
  stopifnot(all(sapply(fits, lavInspect, "converged")))
  test <- suppressWarnings(do.call(lavTestLRT, unname(fits)))
  scaled <- "chisq.scaled" %in% names(fitMeasures(fits[[1]]))
  list(
    fits = lapply(fits, function(fit) {
      measures <- fitMeasures(fit)
      list(standard = indices(measures, ""), scaled = if (scaled) indices(measures, ".scaled"),
           srmr = unname(measures["srmr"]))
    }),
    statistic = test[["Chisq diff"]][-1], df = test[["Df diff"]][-1], p_value = test[["Pr(>Chisq)"]][-1]
  )
}
all_groups <- na.omit(groups); all_waves <- na.omit(waves)
# The rarest answers are merged as the test does it, so that every group and wave has all answers.
merged <- all_waves
for (i in 1:6) for (name in c(pre[i], post[i])) merged[[name]] <- pmax(all_waves[[name]], 2) - 1
four <- all_groups[c("group", q[1:4])]
one <- "f1 =~ q1 + q2 + q3 + q4"
two_answers <- all_waves
for (name in c(pre, post)) two_answers[[name]] <- ifelse(all_waves[[name]] >= 4, 2, 1)

# With two answers the scales of the latent responses are as good as unidentified (lavaan finds 18 and more): held at 1.
two_models <- lapply(ordinal_steps[c("configural", "scalar")], syntax, data = two_answers, ordered = c(pre, post),
                     between = "waves")
two_models$scalar <- gsub("~*~ NA*", "~*~ 1*", two_models$scalar, fixed = TRUE)

group_models <- lapply(steps, syntax, data = all_groups, between = "groups")
wave_models <- lapply(steps, syntax, data = all_waves, between = "waves")
cases <- list(
  groups = ladder(group_models, all_groups, group = "group"),
  groups_mlr = ladder(group_models, all_groups, group = "group", estimator = "MLR"),
  groups_gaps = ladder(group_models, groups, group = "group", missing = "fiml"),
  waves = ladder(wave_models, all_waves),
  waves_schools = ladder(wave_models, all_waves, cluster = "school"),
  waves_gaps = ladder(wave_models, waves, missing = "fiml"),
  waves_ordinal = ladder(
    lapply(ordinal_steps, syntax, data = merged, ordered = c(pre, post), between = "waves"),
    merged, ordered = c(pre, post), parameterization = "delta"
  ),
  groups_ordinal = ladder(
    lapply(ordinal_steps, syntax, data = four, ordered = q[1:4], between = "groups", model = one),
    four, group = "group", ordered = q[1:4], parameterization = "delta"
  ),
  waves_two_answers = ladder(two_models, two_answers, ordered = c(pre, post), parameterization = "delta")
)
result <- list(
  session = list(r = R.version.string, lavaan = as.character(packageVersion("lavaan")),
                 semTools = as.character(packageVersion("semTools"))),
  cases = cases
)
write_json(result, "tests/oracle/expected/lavaan_invariance.json", auto_unbox = TRUE, digits = 12, pretty = TRUE, null = "null", na = "null")
