# Rubin's rules on given imputations: mice::pool, mice::pool.scalar, mitml::testEstimates, mitml::testConstraints (D1).
# Simulated data only. Run from the repository root:  Rscript tests/oracle/r/mice_pool.R
suppressMessages({library(mice); library(mitml); library(lme4); library(jsonlite)})
here <- "tests/oracle"
set.seed(31)
J <- 24
school <- rep(seq_len(J), rep(c(12, 20, 9, 15), 6))
n <- length(school)
treat <- rep(rep_len(0:1, J), rep(c(12, 20, 9, 15), 6))
pre <- rnorm(n)
y <- 0.3 * treat + 0.6 * pre + rnorm(J, sd = 0.4)[school] + rnorm(n)
y[runif(n) < plogis(-1.2 + 0.8 * pre)] <- NA
incomplete <- data.frame(school, treat, pre, y)
m <- 7
given <- lapply(seq_len(m), function(i) {
  d <- incomplete
  gap <- is.na(d$y)
  d$y[gap] <- 0.25 * d$treat[gap] + 0.6 * d$pre[gap] + rnorm(J, sd = 0.4)[d$school[gap]] + rnorm(sum(gap))
  d$y <- round(d$y, 6)
  d
})
fits <- lapply(given, function(d) lm(y ~ treat + pre, d))
estimates <- t(sapply(fits, coef))
errors <- t(sapply(fits, function(f) sqrt(diag(vcov(f)))))
covariances <- lapply(fits, function(f) unname(vcov(f)[2:3, 2:3]))
pooled <- summary(pool(as.mira(fits)), conf.int = TRUE)
details <- pool(as.mira(fits))$pooled
te <- testEstimates(as.mitml.result(fits), df.com = 21, extra.pars = FALSE)
te_inf <- testEstimates(as.mitml.result(fits))
scalar <- pool.scalar(estimates[, 2], errors[, 2]^2, n = 40, k = 3)
wald <- function(df, which, rows) {
  t <- testConstraints(as.mitml.result(fits[rows]), constraints = which, method = "D1", df.com = df)$test
  list(f = t[[1]], df_numerator = t[[2]], df_denominator = t[[3]], p = t[[4]], rise = t[[5]], df_complete = df,
       k = length(which), m = length(rows))
}
two <- c("treat", "pre")
weak <- fits
walds <- list(wald(NULL, two, 1:7), wald(21, two, 1:7), wald(60, two, 1:7), wald(400, two, 1:7), wald(NULL, two, 1:3), wald(30, two, 1:5),
              wald(NULL, "treat", 1:7), wald(21, "treat", 1:7))
d1 <- D1(as.mira(fits), as.mira(lapply(given, function(d) lm(y ~ 1, d))), dfcom = 37)$result
write_json(list(session = list(r = R.version.string, mice = as.character(packageVersion("mice")), mitml = as.character(packageVersion("mitml"))),
  estimates = unname(estimates), std_errors = unname(errors), covariances = covariances,
  df_residual = fits[[1]]$df.residual,
  pool = list(estimates = pooled$estimate, std_errors = pooled$std.error, df = pooled$df, p_values = pooled$p.value,
              conf_low = pooled[["2.5 %"]], conf_high = pooled[["97.5 %"]], within = details$ubar, between = details$b,
              relative_increase = details$riv, fraction_missing = details$fmi),
  scalar = list(df = scalar$df, fraction_missing = scalar$fmi, total = scalar$t, df_complete = 37),
  mitml21 = unname(te$estimates), mitml_columns = colnames(te$estimates), mitml_inf = unname(te_inf$estimates),
  wald = walds, mice_d1 = list(f = d1[1], df_numerator = d1[2], df_denominator = d1[3], p = d1[4], rise = d1[5], df_complete = 37)),
  file.path(here, "expected/mice_pool.json"), digits = I(15), auto_unbox = TRUE, null = "null", na = "null")
print(te); print(d1)
for (w in walds) cat(unlist(w), "\n")
