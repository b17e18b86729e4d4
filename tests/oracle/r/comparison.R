# ANCOVA, change scores, errors in variables and permuted residuals of two groups that nobody drew by lot; change of one
# group in hubs of schools. Rscript tests/oracle/r/comparison.R
suppressMessages({library(jsonlite); library(lavaan); library(clubSandwich); library(lmerTest)})
small <- read.csv("tests/oracle/data/comparison_small.csv")
schools <- read.csv("tests/oracle/data/comparison_schools.csv")
hubs <- read.csv("tests/oracle/data/hubs.csv")
for (name in c("small", "schools", "hubs")) { d <- get(name); d$change <- d$after - d$before; assign(name, d) }
coefs <- function(fit, term) {
  s <- summary(fit)$coefficients[term, ]; ci <- confint(fit)[term, ]
  list(estimate = s[[1]], std_error = s[[2]], df = fit$df.residual, statistic = s[[3]], p_value = s[[4]], conf_low = ci[[1]], conf_high = ci[[2]])
}
cr2 <- function(fit, cluster) {
  t <- coef_test(fit, vcov = "CR2", cluster = cluster, test = "Satterthwaite")["arm", ]
  list(estimate = t$beta, std_error = t$SE, df = t$df_Satt, statistic = t$tstat, p_value = t$p_Satt,
       conf_low = t$beta - qt(.975, t$df_Satt) * t$SE, conf_high = t$beta + qt(.975, t$df_Satt) * t$SE)
}
pooled <- function(d) {
  s <- sqrt(sum(tapply(d$after, d$arm, function(x) sum((x - mean(x))^2))) / (nrow(d) - 2)); m <- nrow(d) - 2
  list(sd = s, correction = exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2))
}
kr <- function(formula, data, term) {
  fit <- lmer(formula, data); s <- coef(summary(fit, ddf = "Kenward-Roger"))[term, ]
  list(estimate = s[[1]], std_error = s[[2]], df = s[[3]], statistic = s[[4]], p_value = s[[5]])
}
# lavaan's saturated model with a fixed error variance is errors in variables; its huber-white errors are the sandwich's
eiv <- function(d, error = NULL, r = NULL) {
  theta <- if (is.null(r)) sprintf("before ~~ %.12f * before", error) else "before ~~ e * before"
  bound <- if (is.null(r)) "" else sprintf("arm ~~ va * arm\n e == %.12f * (e + b * b * va + v)", 1 - r)
  model <- paste("f =~ 1 * before", theta, "f ~ b * arm", "f ~~ v * f", "after ~ d * arm + s * f", bound, sep = "\n")
  fit <- sem(model, d, meanstructure = TRUE, fixed.x = is.null(r), se = "robust.huber.white",
             control = list(rel.tol = 1e-14), start = "simple")
  t <- parameterEstimates(fit); row <- t[t$label == "d", ]; slope <- t[t$label == "s", ]
  list(estimate = row$est, slope = slope$est, std_error_ml = row$se)
}
lane <- function(d, orders) {
  full <- function(y) summary(lm(y ~ arm + before, d))$coefficients["arm", 3]
  reduced <- lm(after ~ before, d); e <- resid(reduced); m <- fitted(reduced)
  observed <- full(d$after); drawn <- apply(orders + 1, 1, function(o) full(m + e[o]))
  larger <- sum(abs(drawn) >= abs(observed) - 1e-9)
  list(statistic = observed, larger = larger, p_value = (larger + 1) / (nrow(orders) + 1))
}
orders <- as.matrix(read.csv("tests/oracle/data/comparison_orders.csv"))
one <- list(
  ancova = coefs(lm(after ~ arm + before, small), "arm"),
  change_score = coefs(lm(change ~ arm, small), "arm"),
  unadjusted = coefs(lm(after ~ arm, small), "arm"),
  separate_slopes = coefs(lm(after ~ arm * I(before - mean(before)), small), "arm"),
  scale = pooled(small), baseline = {
    m <- tapply(small$before, small$arm, mean); s <- sqrt(sum(tapply(small$before, small$arm, function(x) sum((x - mean(x))^2))) / (nrow(small) - 2))
    d <- nrow(small) - 2; (m[[2]] - m[[1]]) / s * exp(lgamma(d / 2) - lgamma((d - 1) / 2)) / sqrt(d / 2)
  },
  error_variance = eiv(small, error = 16), reliability = eiv(small, r = 0.8), lane = lane(small, orders))
fit <- lm(after ~ arm + before, schools)
several <- list(cr2 = cr2(fit, schools$school), cr2_change = cr2(lm(change ~ arm, schools), schools$school),
                multilevel = kr(after ~ arm + before + (1 | school), schools, "arm"),
                eiv = eiv(schools, error = 16), scale = pooled(schools))
three <- lmer(change ~ 1 + (1 | hub / school), hubs); s <- coef(summary(three, ddf = "Kenward-Roger"))[1, ]
v <- as.data.frame(VarCorr(three)); two <- lmer(change ~ 1 + (1 | school), hubs); u <- ranef(two, condVar = TRUE)$school
result <- list(small = one, schools = several, hubs = list(
  estimate = s[[1]], std_error = s[[2]], df = s[[3]], p_value = s[[5]],
  school = v$vcov[v$grp == "school:hub"], hub = v$vcov[v$grp == "hub"], pupil = v$vcov[v$grp == "Residual"],
  shrunken = u[, 1], shrunken_error = sqrt(attr(u, "postVar")[1, 1, ]),
  cr2 = { f <- lm(change ~ 1, hubs); t <- coef_test(f, vcov = "CR2", cluster = hubs$hub, test = "Satterthwaite")
    list(estimate = t$beta, std_error = t$SE, df = t$df_Satt) },
  target = { hubs$share <- ave(hubs$target, hubs$school); kr(change ~ target + share + (1 | hub / school), hubs, "target") }),
  session = list(R = R.version.string, lavaan = as.character(packageVersion("lavaan")),
                 clubSandwich = as.character(packageVersion("clubSandwich")), lmerTest = as.character(packageVersion("lmerTest"))))
write(toJSON(result, auto_unbox = TRUE, digits = 15, pretty = TRUE), "tests/oracle/expected/comparison.json")
