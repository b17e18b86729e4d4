# Cronbach's alpha, its Feldt interval, and item statistics: psych, and the formulas by hand in base R.
# Run from the repository root: Rscript tests/oracle/r/psych_reliability.R
suppressPackageStartupMessages({library(psych); library(jsonlite)})

one <- function(name) {
  items <- read.csv(file.path("tests/oracle/data", paste0(name, ".csv")))
  complete <- na.omit(items)
  n <- nrow(complete); k <- ncol(complete)
  found <- suppressWarnings(psych::alpha(complete, check.keys = FALSE, warnings = FALSE))
  value <- found$total$raw_alpha
  stopifnot(isTRUE(all.equal(value, k / (k - 1) * (1 - sum(apply(complete, 2, var)) / var(rowSums(complete))))))
  interval <- psych::alpha.ci(value, n.obs = n, n.var = k, p.val = 0.05)
  list(
    n = n, n_incomplete = nrow(items) - n, k = k, value = value,
    # Feldt by hand.
    low = 1 - (1 - value) * qf(0.975, n - 1, (n - 1) * (k - 1)),
    high = 1 - (1 - value) * qf(0.025, n - 1, (n - 1) * (k - 1)),
    psych_low = as.numeric(interval$lower.ci), psych_high = as.numeric(interval$upper.ci),
    item_rest_r = unname(sapply(seq_len(k), function(i) cor(complete[[i]], rowSums(complete[-i])))),
    psych_r_drop = unname(found$item.stats$r.drop),
    alpha_if_dropped = unname(found$alpha.drop$raw_alpha),
    item_n = unname(sapply(items, function(x) sum(!is.na(x)))),
    item_mean = unname(sapply(items, mean, na.rm = TRUE)),
    item_sd = unname(sapply(items, sd, na.rm = TRUE))
  )
}

names <- c("items_eight", "items_gaps", "items_three", "items_unreversed")
result <- list(
  session = list(r = R.version.string, psych = as.character(packageVersion("psych"))),
  cases = setNames(lapply(names, one), names)
)
write_json(result, "tests/oracle/expected/psych_reliability.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
