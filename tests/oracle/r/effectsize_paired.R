# Paired t test and effect sizes: base R, effectsize, metafor, and Algina-Keselman by inverting pt(ncp =).
# Run from the repository root: Rscript tests/oracle/r/effectsize_paired.R
suppressPackageStartupMessages({library(effectsize); library(metafor); library(jsonlite)})

noncentrality <- function(t, df, p) {
  uniroot(function(ncp) suppressWarnings(pt(t, df, ncp)) - p, c(t - 20, t + 20), tol = 1e-13)$root
}

paired <- function(name) {
  data <- read.csv(file.path("tests/oracle/data", paste0(name, ".csv")))
  pre <- data$pre; post <- data$post; n <- nrow(data)
  test <- t.test(post, pre, paired = TRUE)
  up <- t.test(post, pre, paired = TRUE, alternative = "greater")
  s1 <- sd(pre); s2 <- sd(post); r <- cor(pre, post); m <- mean(post - pre); sd_d <- sd(post - pre)
  j <- gamma((n - 1) / 2) / (sqrt((n - 1) / 2) * gamma((n - 2) / 2))
  ncp <- c(noncentrality(test$statistic, n - 1, 0.975), noncentrality(test$statistic, n - 1, 0.025))
  ak <- sqrt(2 * (s1^2 + s2^2 - 2 * r * s1 * s2) / (n * (s1^2 + s2^2)))
  g <- hedges_g(post, pre, paired = TRUE)
  rm_factor <- sqrt(2 * (1 - r))
  # metafor standardises m1i - m2i by sd1i, so the baseline's goes there.
  glass <- escalc("SMCRH", m1i = mean(post), m2i = mean(pre), sd1i = s1, sd2i = s2, ri = r, ni = n)
  # Bonett (2008): the uncorrected d under the root, where metafor puts the corrected one.
  bonett <- qnorm(0.975) * sqrt(sd_d^2 / (s1^2 * (n - 1)) + (m / s1)^2 / (2 * (n - 1)))
  # Fieller without its formula: the ratios q for which a t test of post - q pre (both from 10) does not reject.
  x <- pre - 10; y <- post - 10; q <- mean(y) / mean(x)
  p_at <- function(q) t.test(y - q * x)$p.value - 0.05
  fieller <- c(uniroot(p_at, c(q - 5, q), tol = 1e-13)$root, uniroot(p_at, c(q, q + 20), tol = 1e-13)$root)
  ratio <- if (all(x > 0)) t.test(100 * (y - x) / x) else NULL
  range_points <- t.test(100 * (post - pre) / 30)
  list(
    change = list(
      n = n, mean_pre = mean(pre), mean_post = mean(post), sd_pre = s1, sd_post = s2, r = r, mean_change = m,
      sd_change = sd_d, std_error = test$stderr, df = unname(test$parameter), statistic = unname(test$statistic),
      p_value = test$p.value, conf_low = test$conf.int[1], conf_high = test$conf.int[2]
    ),
    p_one_sided = up$p.value,
    d_z = list(value = g$Hedges_g, low = g$CI_low, high = g$CI_high, correction = j),
    d_av = list(value = j * m / sqrt((s1^2 + s2^2) / 2), low = j * ak * ncp[1], high = j * ak * ncp[2]),
    d_rm = list(value = g$Hedges_g * rm_factor, low = g$CI_low * rm_factor, high = g$CI_high * rm_factor),
    d_baseline = list(value = as.numeric(glass$yi), low = j * (m / s1 - bonett), high = j * (m / s1 + bonett)),
    points_of_range = list(value = unname(range_points$estimate), low = range_points$conf.int[1],
                           high = range_points$conf.int[2], n = n),
    change_of_means = list(value = 100 * (q - 1), low = 100 * (fieller[1] - 1), high = 100 * (fieller[2] - 1), n = n),
    mean_of_ratios = list(value = unname(ratio$estimate), low = ratio$conf.int[1], high = ratio$conf.int[2], n = n)
  )
}

independent <- function(x, y) {
  g <- hedges_g(x, y)
  test <- t.test(x, y, var.equal = TRUE)
  list(
    x = x, y = y,
    expected = list(
      n_first = length(x), n_second = length(y), mean_first = mean(x), mean_second = mean(y), sd_first = sd(x),
      sd_second = sd(y), sd_pooled = sd_pooled(x, y), mean_diff = mean(x) - mean(y), std_error = test$stderr,
      conf_low = test$conf.int[1], conf_high = test$conf.int[2],
      effect = list(value = g$Hedges_g, low = g$CI_low, high = g$CI_high)
    )
  )
}

limits <- function(t, df) {
  list(t = t, df = df, low = noncentrality(t, df, 0.975), high = noncentrality(t, df, 0.025))
}

names <- c("paired_six", "paired_fifty_six")
result <- list(
  session = list(r = R.version.string, effectsize = as.character(packageVersion("effectsize")),
                 metafor = as.character(packageVersion("metafor"))),
  paired = setNames(lapply(names, paired), names),
  independent = list(
    balanced = independent(c(12, 14, 11, 15, 13, 17), c(10, 13, 9, 12, 11, 8)),
    leavers = independent(c(20, 31, 27), c(28, 33, 25, 30, 36, 29, 24, 31, 27, 35, 32, 30))
  ),
  noncentrality = list(limits(0, 10), limits(0.5, 2), limits(3, 2), limits(-3, 10), limits(2.5, 55), limits(20, 30),
                       limits(-1.2, 3), limits(6, 200))
)
write_json(result, "tests/oracle/expected/effectsize_paired.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
