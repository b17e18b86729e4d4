# Power and smallest detectable effects in base R, three ways that share no code with evalkit:
#   gls       standard errors from the trial itself: every pupil is a row, V is built from the variances, and the effect's
#             standard error is the root of its entry of (X' V^-1 X)^-1
#   student   the published multiplier t_{1-alpha/2} + t_power, and noncentral t by integrating the central density
#   ttest     power.t.test (strict = TRUE)
# Run from the repository root: Rscript tests/oracle/r/power.R
suppressPackageStartupMessages(library(jsonlite))

same <- function(id) outer(id, id, "==") * 1
first_half <- function(n, p) as.numeric(seq_len(n) <= round(p * n))
effect_se <- function(X, V) sqrt(solve(t(X) %*% solve(V, X))[2, 2])

gls_cluster <- function(J, n, p, icc, r2_pupil, r2_school) {
  school <- rep(seq_len(J), each = n)
  V <- icc * (1 - r2_school) * same(school) + (1 - icc) * (1 - r2_pupil) * diag(J * n)
  effect_se(cbind(1, first_half(J, p)[school]), V)
}
gls_three <- function(K, J, n, p, icc, icc_class, r2_pupil, r2_class, r2_school) {
  school <- rep(seq_len(K), each = J * n); class <- rep(seq_len(K * J), each = n)
  V <- icc * (1 - r2_school) * same(school) + icc_class * (1 - r2_class) * same(class) +
    (1 - icc - icc_class) * (1 - r2_pupil) * diag(K * J * n)
  effect_se(cbind(1, first_half(K, p)[school]), V)
}
gls_multisite <- function(J, n, p, icc, omega, r2_pupil, r2_effect, fixed) {
  school <- rep(seq_len(J), each = n); treat <- rep(first_half(n, p), J)
  V <- (1 - icc) * (1 - r2_pupil) * diag(J * n)
  if (fixed) return(effect_se(cbind(1, treat, model.matrix(~ factor(school))[, -1]), V))
  # Random intercepts and random effects of the programme, uncorrelated.
  V <- V + icc * same(school) + icc * omega * (1 - r2_effect) * same(school) * outer(treat, treat)
  effect_se(cbind(1, treat), V)
}
gls_blocked <- function(K, J, n, p, icc, icc_block, omega, r2_pupil, r2_school, r2_effect, fixed) {
  block <- rep(seq_len(K), each = J * n); school <- rep(seq_len(K * J), each = n)
  treat <- rep(first_half(J, p), K)[school]
  V <- icc * (1 - r2_school) * same(school) + (1 - icc - icc_block) * (1 - r2_pupil) * diag(K * J * n)
  if (fixed) return(effect_se(cbind(1, treat, model.matrix(~ factor(block))[, -1]), V))
  V <- V + icc_block * same(block) + icc_block * omega * (1 - r2_effect) * same(block) * outer(treat, treat)
  effect_se(cbind(1, treat), V)
}
# Schools of unequal size: what the pupil-weighted difference of means and what generalised least squares really have.
unequal <- function(sizes, icc, r2_pupil, r2_school) {
  school <- rep(seq_along(sizes), sizes)
  treat <- rep(c(0, 1), length(sizes) / 2)[school]
  V <- icc * (1 - r2_school) * same(school) + (1 - icc) * (1 - r2_pupil) * diag(length(school))
  X <- cbind(1, treat); bread <- solve(t(X) %*% X)
  list(
    sizes = sizes, icc = icc, r2_pupil = r2_pupil, r2_school = r2_school,
    size_cv = sqrt(mean((sizes - mean(sizes))^2)) / mean(sizes),
    pupil_weighted = sqrt((bread %*% t(X) %*% V %*% X %*% bread)[2, 2]), mixed_model = effect_se(X, V)
  )
}

critical <- function(alpha, df, sides) qt(1 - alpha / sides, df)
mdes_central <- function(se, df, alpha, power, sides) se * (critical(alpha, df, sides) + qt(power, df))
# P(T > c) for a noncentral t, from its definition: a normal over the root of a chi-square, integrated over the range
# in which the chi-square has all its mass (integrate from 0 to Inf misses a narrow one).
upper <- function(c, df, ncp) {
  inside <- function(x) pnorm(c * sqrt(x / df), mean = ncp, lower.tail = FALSE) * dchisq(x, df)
  ends <- qchisq(c(1e-15, .5), df)
  far <- qchisq(1e-15, df, lower.tail = FALSE)
  part <- function(a, b) integrate(inside, a, b, rel.tol = 1e-12, subdivisions = 2000L)$value
  part(ends[1], ends[2]) + part(ends[2], far)
}
power_noncentral <- function(effect, se, df, alpha, sides) {
  c <- critical(alpha, df, sides); ncp <- effect / se
  upper(c, df, ncp) + if (sides == 2) upper(c, df, -ncp) else 0
}

cases <- list(
  cluster = list(
    kind = "cluster", schools = 20, pupils = 15, icc = .17, r2_pupil = .4, r2_school = .6, covariates = 3,
    se = gls_cluster(20, 15, .5, .17, .4, .6), df = 20 - 3 - 2
  ),
  cluster_unequal_arms = list(
    kind = "cluster", schools = 20, pupils = 9, icc = .25, share_treated = .3,
    se = gls_cluster(20, 9, .3, .25, 0, 0), df = 18
  ),
  three_level = list(
    kind = "cluster_three_level", schools = 16, classes = 3, pupils = 8, icc = .1, icc_class = .08, r2_pupil = .3,
    r2_class = .2, r2_school = .5, covariates = 1, se = gls_three(16, 3, 8, .5, .1, .08, .3, .2, .5), df = 16 - 1 - 2
  ),
  multisite_constant = list(
    kind = "multisite_constant", schools = 10, pupils = 20, icc = .15, r2_pupil = .4, covariates = 1,
    se = gls_multisite(10, 20, .5, .15, 0, .4, 0, TRUE), df = 10 * 20 - 10 - 1 - 1
  ),
  multisite_fixed = list(
    kind = "multisite_fixed", schools = 10, pupils = 20, icc = .15, r2_pupil = .4, covariates = 1, share_treated = .4,
    se = gls_multisite(10, 20, .4, .15, 0, .4, 0, TRUE), df = 10 * 18 - 1
  ),
  multisite_random = list(
    kind = "multisite_random", schools = 12, pupils = 20, icc = .2, effect_variation = .3, r2_pupil = .4,
    r2_effect = .25, covariates = 1, se = gls_multisite(12, 20, .5, .2, .3, .4, .25, FALSE), df = 12 - 1 - 1
  ),
  blocked_fixed = list(
    kind = "blocked_cluster_fixed", blocks = 5, schools = 6, pupils = 7, icc = .12, icc_block = .05, r2_pupil = .2,
    r2_school = .4, covariates = 2, se = gls_blocked(5, 6, 7, .5, .12, .05, 0, .2, .4, 0, TRUE), df = 5 * 4 - 2
  ),
  blocked_random = list(
    kind = "blocked_cluster_random", blocks = 8, schools = 4, pupils = 7, icc = .12, icc_block = .06,
    effect_variation = .5, r2_pupil = .2, r2_school = .4, r2_effect = .1, covariates = 1,
    se = gls_blocked(8, 4, 7, .5, .12, .06, .5, .2, .4, .1, FALSE), df = 8 - 1 - 1
  ),
  individual = list(
    kind = "individual", pupils = 130, r2_pupil = .36, covariates = 1, share_treated = .6,
    se = sqrt((1 - .36) * solve(crossprod(cbind(1, first_half(130, .6))))[2, 2]), df = 130 - 1 - 2
  )
)
add_tests <- function(case) {
  c(case, list(
    mdes_two_sided = mdes_central(case$se, case$df, .05, .8, 2),
    mdes_one_sided = mdes_central(case$se, case$df, .05, .9, 1),
    mdes_two_outcomes = mdes_central(case$se, case$df, .05 / 2, .8, 2),
    power_two_sided = power_noncentral(2.5 * case$se, case$se, case$df, .05, 2),
    power_one_sided = power_noncentral(2 * case$se, case$se, case$df, .05, 1),
    power_small_effect = power_noncentral(.3 * case$se, case$se, case$df, .05, 2),
    mdes_noncentral = uniroot(
      function(x) power_noncentral(x * case$se, case$se, case$df, .05, 2) - .8, c(.5, 8), tol = 1e-13
    )$root * case$se
  ))
}

# The t test: two groups of n; sd 1.
t_tests <- lapply(list(c(17, .8, 2), c(64, .5, 2), c(64, .5, 1), c(400, .2, 2), c(5, 1.5, 2)), function(x) {
  side <- if (x[3] == 2) "two.sided" else "one.sided"
  power <- power.t.test(n = x[1], delta = x[2], alternative = side, strict = TRUE)$power
  list(n = x[1], delta = x[2], sides = x[3], power = power)
})
t_sizes <- lapply(c(.2, .5, .8), function(delta) {
  list(delta = delta, n = power.t.test(delta = delta, power = .8, strict = TRUE, tol = 1e-12)$n)
})

# Interpolated half-way sizes, so that no random numbers are needed.
wide <- round(qgamma((seq_len(40) - .5) / 40, shape = 4, rate = 4 / 20)); wide <- rep(wide, each = 2)
sizes <- list(
  unequal(wide, .15, 0, 0), unequal(wide, .05, .4, .5), unequal(rep(c(10, 10, 20, 20, 30, 30), 10), .2, .3, .3)
)

session <- list(r = R.version.string, jsonlite = as.character(packageVersion("jsonlite")))
out <- list(
  session = session, designs = lapply(cases, add_tests), t_tests = t_tests, t_sizes = t_sizes, unequal = sizes
)
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = 1), "tests/oracle/expected/power.json")
