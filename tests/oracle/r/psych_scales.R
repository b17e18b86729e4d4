# Standardised alpha, lambda 6, item correlations, omega_h and omega_t, split halves, retest ICC: psych.
# Run from the repository root: Rscript tests/oracle/r/psych_scales.R
suppressPackageStartupMessages({library(psych); library(jsonlite)})

read <- function(name) read.csv(file.path("tests/oracle/data", paste0(name, ".csv")))

consistency <- function(items) {
  found <- suppressWarnings(psych::alpha(items, check.keys = FALSE, warnings = FALSE))
  list(
    alpha = found$total$raw_alpha, standardised_alpha = found$total$std.alpha, lambda6 = found$total$`G6(smc)`,
    mean_r = found$total$average_r, median_r = found$total$median_r,
    item_rest_r = found$item.stats$r.drop, # The root of a negative sum where reversed items were left as they are.
    item_corrected_r = ifelse(is.nan(found$item.stats$r.cor), NA, found$item.stats$r.cor),
    alpha_if_dropped = found$alpha.drop$raw_alpha
  )
}

one <- function(name) {
  items <- read(name)
  complete <- na.omit(items)
  k <- ncol(items)
  result <- list(
    complete = c(consistency(complete), list(item_total_r = as.numeric(cor(complete, rowSums(complete))))),
    pairwise = consistency(items)
  )
  if (k >= 6) {
    found <- suppressMessages(suppressWarnings(psych::omega(complete, 3, plot = FALSE)))
    result$omega <- list(
      omega_h = found$omega_h, omega_t = found$omega.tot, general = abs(as.numeric(found$schmid$sl[, "g"])),
      uniquenesses = as.numeric(found$schmid$sl[, "u2"]), turned = as.numeric(which(found$key < 0)) - 1
    )
  }
  # With an odd number of items psych 2.2.9 tries only half of the splits.
  if (k %% 2 == 0) {
    halves <- function(covar) {
      found <- suppressWarnings(psych::splitHalf(complete, check.keys = FALSE, covar = covar, brute = TRUE))
      list(highest = found$maxrb, mean = found$meanr, lowest = found$minrb)
    }
    odd <- rowSums(complete[, seq(1, k, 2)]); even <- rowSums(complete[, seq(2, k, 2)])
    r <- cor(odd, even)
    result$split <- c(halves(TRUE), list(odd_even_r = r, spearman_brown = 2 * r / (1 + r)))
    result$split_standardised <- halves(FALSE)
  }
  result
}

retest <- function(name, columns) {
  scores <- setNames(na.omit(read(name)[, columns]), c("first", "second"))
  table <- suppressWarnings(psych::ICC(scores, lmer = FALSE)$results)
  long <- data.frame(score = unlist(scores), pupil = factor(rep(seq_len(nrow(scores)), 2)), occasion = factor(rep(1:2, each = nrow(scores))))
  squares <- summary(aov(score ~ pupil + occasion, long))[[1]][, "Mean Sq"]
  between <- max(0, squares[2] - squares[3]) / nrow(scores)
  list(
    n = nrow(scores),
    icc_agreement = table[2, "ICC"], agreement_low = table[2, "lower bound"], agreement_high = table[2, "upper bound"],
    icc_consistency = table[3, "ICC"], consistency_low = table[3, "lower bound"], consistency_high = table[3, "upper bound"],
    pearson_r = cor(scores[[1]], scores[[2]]), mean_change = mean(scores[[2]] - scores[[1]]),
    sem_consistency = sqrt(squares[3]), sem_agreement = sqrt(squares[3] + between),
    sdc_consistency = qnorm(0.975) * sqrt(2) * sqrt(squares[3]), sdc_agreement = qnorm(0.975) * sqrt(2) * sqrt(squares[3] + between)
  )
}

names <- c("items_eight", "items_gaps", "items_three", "items_unreversed", "items_two", "items_mixed")
result <- list(
  session = list(
    r = R.version.string, psych = as.character(packageVersion("psych")), GPArotation = as.character(packageVersion("GPArotation"))
  ),
  scales = setNames(lapply(names, one), names),
  retest = list(
    paired_fifty_six = retest("paired_fifty_six", c("pre", "post")), paired_six = retest("paired_six", c("pre", "post")),
    items_eight = retest("items_eight", c("q1", "q3"))
  )
)
write_json(result, "tests/oracle/expected/psych_scales.json", auto_unbox = TRUE, digits = 15, pretty = TRUE, na = "null")
