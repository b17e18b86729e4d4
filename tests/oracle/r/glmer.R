# Logit models with a school random intercept by lme4::glmer, nAGQ 1 and 7, with a tightened optimiser.
# Simulated data only. From the repository root: Rscript tests/oracle/r/glmer.R
setwd("tests/oracle")
suppressMessages({library(lme4); library(jsonlite)})

school_data <- function(seed, sizes, sigma, intercept = -0.4, effect = 0.5) {
  set.seed(seed)
  J <- length(sizes)
  school <- rep(seq_len(J), sizes)
  treat <- rep(rep_len(0:1, J), sizes)
  pre <- round(rnorm(length(school)), 4)
  female <- rbinom(length(school), 1, 0.5)
  eta <- intercept + effect * treat + 0.6 * pre + 0.2 * female + rnorm(J, sd = sigma)[school]
  data.frame(school, treat, pre, female, y = rbinom(length(school), 1, plogis(eta)))
}

datasets <- list(
  logit_small = school_data(21, c(12, 25, 8, 31, 18, 22, 9, 14), 0.7),
  logit_sixty = school_data(22, rep(c(5, 11, 23, 38, 17, 29), 10), 0.9),
  logit_strong = school_data(23, rep(c(4, 9, 15, 6), 12), 2.2),
  logit_rare = school_data(24, rep(c(30, 42, 25, 36), 6), 0.6, intercept = -2.6),
  logit_zero = school_data(29, rep(c(10, 16, 22), 6), 0))
for (n in names(datasets)) write.csv(datasets[[n]], file.path("data", paste0(n, ".csv")), row.names = FALSE)

# glmer stops early, so its own deviance function is minimised again from there, in steps of one standard error, until nothing moves.
polish <- function(fit, d, nodes) {
  devfun <- update(fit, devFunOnly = TRUE)
  p <- c(getME(fit, "theta"), fixef(fit))
  scale <- c(1 / sqrt(length(unique(d$school))), sqrt(diag(as.matrix(vcov(fit)))))
  value <- function(z) devfun(c(abs(z[1] * scale[1]), z[-1] * scale[-1]))
  z <- p / scale
  for (k in 1:6) z <- nloptr::bobyqa(z, value, control = list(xtol_rel = 1e-12, ftol_rel = 1e-15, maxeval = 5000))$par
  c(theta = abs(z[1] * scale[1]), z[-1] * scale[-1])
}

cases <- list()
for (n in names(datasets)) for (nodes in c(1, 7)) {
  d <- datasets[[n]]
  control <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.1, rhoend = 1e-9, maxfun = 20000), tolPwrss = 1e-13,
                          check.conv.grad = "ignore", check.conv.singular = "ignore")
  fit <- glmer(y ~ treat + pre + female + (1 | school), d, family = binomial, nAGQ = nodes, control = control)
  best <- polish(fit, d, nodes)
  fit <- glmer(y ~ treat + pre + female + (1 | school), d, family = binomial, nAGQ = nodes,
               start = list(theta = best[[1]], fixef = best[-1]), control = control)
  cases[[length(cases) + 1]] <- list(
    name = paste(n, nodes), data = n, n_nodes = nodes, columns = c("treat", "pre", "female"), log_likelihood = as.numeric(logLik(fit)),
    coefficients = unname(fixef(fit)), std_errors = unname(sqrt(diag(as.matrix(vcov(fit, use.hessian = TRUE))))),
    sigma = unname(getME(fit, "theta")), effects = ranef(fit)$school[[1]], singular = isSingular(fit),
    plain = unname(coef(glm(y ~ treat + pre + female, binomial, d, epsilon = 1e-14))))
}
write_json(list(session = list(r = R.version.string, lme4 = as.character(packageVersion("lme4"))), cases = cases),
           "expected/glmer.json", digits = I(15), auto_unbox = TRUE)
