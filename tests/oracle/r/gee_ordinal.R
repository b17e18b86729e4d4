# GEE by the R package gee (moment estimator of the correlation, as statsmodels), its Mancl-DeRouen covariance from explicit matrices,
# and ordered logit by MASS::polr with sandwich::vcovCL. Simulated data only. From the repository root: Rscript tests/oracle/r/gee_ordinal.R
setwd("tests/oracle")
suppressMessages({library(gee); library(MASS); library(sandwich); library(jsonlite)})

read <- function(n) read.csv(file.path("data", paste0(n, ".csv")))
quiet <- function(e) { sink(tempfile()); on.exit(sink()); suppressMessages(e) }

mancl_derouen <- function(fit, X, y, id, logit) {
  b <- coef(fit); eta <- drop(X %*% b); mu <- if (logit) plogis(eta) else eta
  v <- if (logit) mu * (1 - mu) else rep(1, length(mu))
  a <- fit$working.correlation[1, 2]
  D <- if (logit) X * v else X
  parts <- lapply(split(seq_along(y), id), function(i) {
    R <- matrix(a, length(i), length(i)); diag(R) <- 1
    list(i = i, Vi = solve(sqrt(v[i]) * t(sqrt(v[i]) * R)))
  })
  bread <- solve(Reduce(`+`, lapply(parts, function(s) t(D[s$i, , drop = FALSE]) %*% s$Vi %*% D[s$i, , drop = FALSE])))
  meat <- function(correct) Reduce(`+`, lapply(parts, function(s) {
    Dj <- D[s$i, , drop = FALSE]; e <- (y - mu)[s$i]
    if (correct) e <- solve(diag(length(s$i)) - Dj %*% bread %*% t(Dj) %*% s$Vi, e)
    u <- t(Dj) %*% s$Vi %*% e
    u %*% t(u)
  }))
  list(md = bread %*% meat(TRUE) %*% bread, robust = bread %*% meat(FALSE) %*% bread)
}

gee_case <- function(name, data, family) {
  d <- read(data)
  f <- if (family == "logit") y ~ treat + pre + female else y ~ treat + pre
  fit <- quiet(gee(f, id = school, data = d, family = if (family == "logit") binomial else gaussian, corstr = "exchangeable",
                   tol = 1e-12, maxiter = 200))
  cov <- mancl_derouen(fit, model.matrix(f, d), d$y, d$school, family == "logit")
  list(name = name, data = data, family = family, columns = setdiff(all.vars(f), "y"), coefficients = unname(coef(fit)),
       std_errors = unname(sqrt(diag(cov$md))), uncorrected_std_errors = unname(sqrt(diag(cov$robust))),
       package_robust = unname(sqrt(diag(fit$robust.variance))), correlation = fit$working.correlation[1, 2])
}

ordinal_data <- function(seed, sizes, cuts) {
  set.seed(seed)
  J <- length(sizes); school <- rep(seq_len(J), sizes); treat <- rep(rep_len(0:1, J), sizes); pre <- round(rnorm(length(school)), 4)
  latent <- 0.5 * treat + 0.8 * pre + rnorm(J, sd = 0.5)[school] + rlogis(length(school))
  data.frame(school, treat, pre, y = as.integer(cut(latent, c(-Inf, cuts, Inf))))
}
write.csv(ordinal_data(31, rep(c(12, 25, 8, 31), 6), c(-1.5, 0, 1.2)), "data/ordinal_four.csv", row.names = FALSE)
write.csv(ordinal_data(32, rep(c(9, 14, 22), 5), c(-2, -1, 0.3, 1.5, 2.4)), "data/ordinal_six.csv", row.names = FALSE)

polr_case <- function(data) {
  d <- read(data)
  fit <- polr(factor(y) ~ treat + pre, d, Hess = TRUE, control = list(reltol = 1e-16, maxit = 1000))
  fit <- polr(factor(y) ~ treat + pre, d, Hess = TRUE, start = c(coef(fit), fit$zeta), control = list(reltol = 1e-16, maxit = 1000))
  se <- sqrt(diag(vcovCL(fit, cluster = d$school, type = "HC0", cadjust = TRUE)))
  list(data = data, columns = c("treat", "pre"), coefficients = unname(coef(fit)), thresholds = unname(fit$zeta),
       std_errors = unname(se[1:2]), threshold_std_errors = unname(se[-(1:2)]), log_likelihood = as.numeric(logLik(fit)))
}

write_json(list(session = list(r = R.version.string, gee = as.character(packageVersion("gee")), MASS = as.character(packageVersion("MASS")),
                               sandwich = as.character(packageVersion("sandwich"))),
                gee = list(gee_case("logit small", "logit_small", "logit"), gee_case("logit sixty", "logit_sixty", "logit"),
                           gee_case("linear unbalanced", "robust_unbalanced", "linear")),
                polr = lapply(c("ordinal_four", "ordinal_six"), polr_case)),
           "expected/gee_ordinal.json", digits = I(15), auto_unbox = TRUE)
