# Matching, weights, weighted differences with CR2, and a doubly robust difference by stacked estimating equations.
# Simulated data only (and MatchIt's published lalonde table at the end). From the repository root:
# Rscript tests/oracle/r/matching.R
# MatchIt 4.5.1's default route of "nearest" truncates distance gaps to whole numbers; with a distance matrix it does not.
setwd("tests/oracle")
suppressMessages({library(MatchIt); library(clubSandwich); library(numDeriv); library(jsonlite)})

set.seed(20261129)
J <- 24; size <- rep(c(8, 12, 10), 8); school <- rep(seq_len(J), size); n <- length(school)
u <- rnorm(J, sd = 0.4)
x1 <- round(rnorm(n) + u[school], 3); x2 <- round(rnorm(n), 3); fsm <- rbinom(n, 1, 0.35); year <- sample(4:6, n, TRUE)
treat <- rbinom(n, 1, plogis(-0.9 + 0.6 * x1 + 0.5 * fsm - 0.3 * x2))
y <- round(5 + 0.4 * treat + 0.8 * x1 + 0.3 * x2 - 0.5 * fsm + u[school] + rnorm(n), 3)
d <- data.frame(school, treat, x1, x2, fsm, year, y)
ps <- glm(treat ~ x1 + x2 + fsm, binomial, d, control = glm.control(epsilon = 1e-14))
d <- d[order(-d$treat, -ps$linear.predictors), ]  # treated units in descending order of the propensity
rownames(d) <- NULL
write.csv(d, "data/matching.csv", row.names = FALSE)
d <- read.csv("data/matching.csv")
ps <- glm(treat ~ x1 + x2 + fsm, binomial, d, control = glm.control(epsilon = 1e-14))
lp <- unname(ps$linear.predictors); e <- unname(fitted(ps)); caliper <- 0.2 * sd(lp)

absolute <- function(caliper = Inf) {
  m <- abs(outer(lp[d$treat == 1], lp[d$treat == 0], "-"))
  m[m > caliper] <- Inf
  dimnames(m) <- list(which(d$treat == 1), which(d$treat == 0))
  m
}
pairs_of <- function(m) {
  mm <- m$match.matrix
  found <- do.call(rbind, lapply(seq_len(ncol(mm)), function(k) cbind(as.integer(rownames(mm)), as.integer(mm[, k]))))
  found <- found[!is.na(found[, 2]), , drop = FALSE]
  found <- found[order(found[, 1], found[, 2]), , drop = FALSE] - 1
  list(pairs = found, weights = unname(m$weights))
}
near <- function(...) suppressWarnings(matchit(treat ~ x1 + x2 + fsm, d, method = "nearest", ...))
out <- list(
  propensity = list(coefficients = unname(coef(ps)), linear = lp, scores = e),
  nearest = pairs_of(near(distance = absolute())),
  nearest_caliper = pairs_of(near(distance = absolute(caliper))),
  nearest_two = pairs_of(near(distance = absolute(), ratio = 2)),
  nearest_replacement = pairs_of(near(distance = absolute(), ratio = 2, replace = TRUE)),
  nearest_exact = pairs_of(near(distance = absolute(caliper), exact = ~ fsm)),
  mahalanobis = list(table = unname(mahalanobis_dist(treat ~ x1 + x2 + fsm, d))[1:8, ]),
  caliper = caliper
)
strata <- function(m) list(weights = unname(m$weights))
out$exact <- strata(matchit(treat ~ fsm + year, d, method = "exact"))
out$exact_ate <- strata(matchit(treat ~ fsm + year, d, method = "exact", estimand = "ATE"))
out$coarsened <- strata(matchit(treat ~ x1 + x2 + fsm, d, method = "cem", cutpoints = list(x1 = 5, x2 = 4)))
out$coarsened_cuts <- strata(matchit(treat ~ x1 + fsm, d, method = "cem", cutpoints = list(x1 = c(-1, 0, 1))))

balance <- function(m, ...) {
  s <- summary(m, standardize = TRUE, ...)
  list(all = list(std = unname(s$sum.all[-1, "Std. Mean Diff."]), ratio = unname(s$sum.all[-1, "Var. Ratio"])),
       matched = list(std = unname(s$sum.matched[-1, "Std. Mean Diff."]), ratio = unname(s$sum.matched[-1, "Var. Ratio"])))
}
second <- suppressWarnings(matchit(treat ~ x1 + x2 + fsm, d, method = "nearest", ratio = 2, distance = absolute(), replace = TRUE))
second$distance <- NULL
s <- summary(second, standardize = TRUE, data = d)
out$balance <- list(columns = rownames(s$sum.all), all_std = unname(s$sum.all[, "Std. Mean Diff."]), all_ratio = unname(s$sum.all[, "Var. Ratio"]),
                    matched_std = unname(s$sum.matched[, "Std. Mean Diff."]), matched_ratio = unname(s$sum.matched[, "Var. Ratio"]))

# Weights by their formulas, and the weighted difference with CR2: weights are no inverse variances (inverse_var = FALSE).
weights <- list(
  att = ifelse(d$treat == 1, 1, e / (1 - e)),
  ate = ifelse(d$treat == 1, 1 / e, 1 / (1 - e)),
  ato = ifelse(d$treat == 1, 1 - e, e),
  matched = out$nearest_replacement$weights)
out$differences <- lapply(names(weights), function(name) {
  w <- weights[[name]]; keep <- w > 0; dd <- d[keep, ]; dd$w <- w[keep]
  fit <- lm(y ~ treat + x1 + x2 + fsm, dd, weights = w)
  vc <- vcovCR(fit, cluster = dd$school, type = "CR2", inverse_var = FALSE)
  ct <- coef_test(fit, vc, test = "Satterthwaite")
  list(name = name, weights = unname(w), estimate = unname(coef(fit)[2]), std_error = ct$SE[2], df = ct$df[2], p_value = ct$p_Satt[2])
})

# Doubly robust: all estimating equations stacked, the Jacobian by numerical differences.
X <- model.matrix(~ x1 + x2 + fsm, d); Y <- d$y; Tr <- d$treat; p <- ncol(X)
psi <- function(theta, estimand) {
  a <- theta[1:p]; b1 <- theta[p + 1:p]; b0 <- theta[2 * p + 1:p]; tau <- theta[3 * p + 1]
  ee <- plogis(drop(X %*% a)); m1 <- drop(X %*% b1); m0 <- drop(X %*% b0)
  h <- switch(estimand, att = Tr, ate = 1, ato = ee * (1 - ee))
  g <- switch(estimand, att = ee, ate = 1, ato = ee * (1 - ee))
  own <- h * (m1 - m0 - tau) + Tr * g / ee * (Y - m1) - (1 - Tr) * g / (1 - ee) * (Y - m0)
  cbind(X * (Tr - ee), X * (Tr * (Y - m1)), X * ((1 - Tr) * (Y - m0)), own)
}
robust <- function(estimand) {
  b1 <- coef(lm.fit(X[Tr == 1, ], Y[Tr == 1])); b0 <- coef(lm.fit(X[Tr == 0, ], Y[Tr == 0]))
  start <- c(coef(ps), b1, b0)
  tau <- uniroot(function(t) sum(psi(c(start, t), estimand)[, 3 * p + 1]), c(-20, 20), tol = 1e-13)$root
  theta <- c(start, tau)
  A <- jacobian(function(t) colSums(psi(t, estimand)), theta)
  S <- rowsum(psi(theta, estimand), d$school)
  V <- solve(A) %*% crossprod(S) %*% t(solve(A)) * J / (J - 1)
  list(estimand = estimand, estimate = tau, std_error = sqrt(V[3 * p + 1, 3 * p + 1]))
}
out$doubly_robust <- lapply(c("att", "ate", "ato"), robust)
out$session <- list(R = R.version.string, MatchIt = as.character(packageVersion("MatchIt")),
                    clubSandwich = as.character(packageVersion("clubSandwich")), numDeriv = as.character(packageVersion("numDeriv")))
write_json(out, "expected/matching.json", digits = NA, auto_unbox = TRUE, pretty = FALSE, na = "null")
