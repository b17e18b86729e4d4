# The trial of analyses/eal-mainstream-classroom, analysed in R from its two files: what results.json must say.
# Run from the repository root: Rscript tests/oracle/r/trial_eal.R
suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(AER); library(jsonlite)
})
folder <- "analyses/eal-mainstream-classroom/data"
pupils <- read.csv(file.path(folder, "pupils.csv"), check.names = FALSE, na.strings = "", colClasses = "character")
schools <- read.csv(file.path(folder, "schools.csv"), check.names = FALSE, na.strings = "", colClasses = "character")
d <- merge(
  data.frame(
    pupil = pupils[["Pupil code"]], school = pupils$School, eal = pupils$EAL == "Yes", fsm = pupils$FSM6 == "1",
    ks2 = as.numeric(pupils[["KS2 points"]]), y = as.numeric(pupils[["GCSE Science"]]),
    pass = as.numeric(pupils[["Grade 4 or above"]])
  ),
  data.frame(
    school = schools$School, centre = schools[["Delivery centre"]], arm = as.numeric(schools$Arm == "Training"),
    days = as.numeric(schools[["Training days"]])
  ),
  by = "school"
)
d <- d[order(d$pupil), ]
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-12, maxfun = 1e5))

model_data <- function(rows) {
  rows <- rows[!is.na(rows$y), ]
  rows$gap <- as.numeric(is.na(rows$ks2))
  rows$pre <- ifelse(is.na(rows$ks2), mean(rows$ks2, na.rm = TRUE), rows$ks2)
  rows
}
kr <- function(fit, term) {
  weights <- as.numeric(names(fixef(fit)) == term)
  adjusted <- vcovAdj(fit)
  error <- sqrt(as.numeric(t(weights) %*% as.matrix(adjusted) %*% weights))
  df <- as.numeric(get_Lb_ddf(fit, weights))
  estimate <- as.numeric(fixef(fit)[term])
  half <- qt(0.975, df) * error
  list(estimate = estimate, std_error = error, df = df, p_value = 2 * pt(-abs(estimate / error), df),
       conf_low = estimate - half, conf_high = estimate + half)
}
fit_lmer <- function(formula, rows) lme4::lmer(formula, rows, control = control)
total_sd <- function(rows) {
  v <- as.data.frame(VarCorr(fit_lmer(y ~ arm + (1 | school), rows)))$vcov
  sqrt(sum(v))
}
icc <- function(formula, rows) {
  v <- as.data.frame(VarCorr(fit_lmer(formula, rows)))$vcov
  list(estimate = v[1] / sum(v))
}
planned <- y ~ arm + pre + gap + centre + (1 | school)

one <- function(rows) {
  rows <- model_data(rows)
  main <- fit_lmer(planned, rows)
  ols <- lm(y ~ arm + pre + gap + centre, rows)
  cr2 <- function(fit, term) {
    found <- coef_test(fit, vcov = vcovCR(fit, cluster = rows$school, type = "CR2"), test = "Satterthwaite")
    at <- which(rownames(found) == term)
    df <- found$df_Satt[at]; half <- qt(0.975, df) * found$SE[at]
    list(estimate = found$beta[at], std_error = found$SE[at], df = df, p_value = found$p_Satt[at],
         conf_low = found$beta[at] - half, conf_high = found$beta[at] + half)
  }
  means <- aggregate(cbind(y, arm, pre, gap) ~ school, rows, mean)
  means$centre <- rows$centre[match(means$school, rows$school)]
  by_school <- summary(lm(y ~ arm + pre + gap + centre, means))$coefficients["arm", ]
  list(
    n = nrow(rows), sd_total = total_sd(rows),
    variances = as.data.frame(VarCorr(main))$vcov,
    multilevel = kr(main, "arm"),
    unadjusted = kr(fit_lmer(y ~ arm + (1 | school), rows), "arm"),
    design_only = kr(fit_lmer(y ~ arm + centre + (1 | school), rows), "arm"),
    baseline_only = kr(fit_lmer(y ~ arm + pre + gap + (1 | school), rows), "arm"),
    complete_baseline = kr(fit_lmer(y ~ arm + pre + centre + (1 | school), rows[rows$gap == 0, ]), "arm"),
    satterthwaite = {
      found <- summary(lmerTest::lmer(planned, rows, control = control))$coefficients["arm", ]
      list(estimate = found[["Estimate"]], std_error = found[["Std. Error"]], df = found[["df"]], p_value = found[["Pr(>|t|)"]])
    },
    cr2 = cr2(main, "arm"),
    ols_cr2 = cr2(ols, "arm"),
    school_means = list(estimate = by_school[["Estimate"]], std_error = by_school[["Std. Error"]], p_value = by_school[["Pr(>|t|)"]]),
    icc_outcome = icc(y ~ 1 + (1 | school), rows),
    icc_baseline = icc(ks2 ~ 1 + (1 | school), rows[!is.na(rows$ks2), ])
  )
}
complier <- function(rows) {
  rows <- model_data(rows)
  fit <- ivreg(y ~ days + pre + gap + centre | arm + pre + gap + centre, data = rows)
  first <- lm(days ~ arm + pre + gap + centre, rows)
  robust <- vcovCR(fit, cluster = rows$school, type = "CR2")
  f <- coef_test(first, vcov = vcovCR(first, cluster = rows$school, type = "CR2"), test = "naive-t")
  at <- which(rownames(f) == "arm")
  tests <- coef_test(fit, vcov = robust, test = "Satterthwaite")
  days <- which(rownames(tests) == "days")
  list(estimate = coef(fit)[["days"]], std_error = sqrt(diag(robust))[["days"]], df = tests$df[days],
       p_value = tests$p_Satt[days], first_estimate_f = f$tstat[at]^2)
}
interaction_of <- function(rows, group) {
  rows <- model_data(rows)
  rows$g <- as.numeric(rows[[group]])
  kr(fit_lmer(y ~ arm * g + pre + gap + centre + (1 | school), rows), "arm:g")
}
eal <- d[d$eal, ]
out <- list(
  science_eal = one(eal),
  science_all = one(d),
  compliance = list(science_eal = complier(eal), science_all = complier(d)),
  subgroups = list(
    eal = interaction_of(d, "eal"),
    eal_no = kr(fit_lmer(planned, model_data(d[!d$eal, ])), "arm"),
    fsm_of_eal = interaction_of(eal, "fsm"),
    fsm_yes_of_eal = kr(fit_lmer(planned, model_data(eal[eal$fsm, ])), "arm")
  ),
  session = as.list(c(R = R.version.string, sapply(c("lme4", "lmerTest", "pbkrtest", "clubSandwich", "AER"),
                                                  function(p) as.character(packageVersion(p)))))
)
write_json(out, "tests/oracle/expected/trial_eal.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
