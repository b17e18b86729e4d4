# Thresholds, polychoric correlations and their asymptotic covariance (WLSMV's "gamma"): lavaan; correlations: psych.
# Run from the repository root: Rscript tests/oracle/r/lavaan_polychoric.R
suppressPackageStartupMessages({library(lavaan); library(psych); library(jsonlite)})

one <- function(name, missing = "listwise") {
  items <- read.csv(file.path("tests/oracle/data", paste0(name, ".csv")))
  used <- if (missing == "listwise") na.omit(items) else items
  model <- paste("f =~", paste(names(items), collapse = " + "))
  # The model is not fitted: only the sample statistics are wanted.
  fit <- suppressWarnings(cfa(model, used, ordered = TRUE, std.lv = TRUE, missing = missing, estimator = "WLSMV", do.fit = FALSE))
  gamma <- unclass(lavInspect(fit, "gamma"))
  sample <- lavInspect(fit, "sampstat")
  categories <- sapply(used, function(x) length(unique(na.omit(x))))
  # psych adds a half to empty cells where items differ in their number of answers, and to any empty cell of a 2 x 2 table.
  plain <- all(categories == categories[1]) && categories[1] > 2
  rho <- if (plain) suppressWarnings(psych::polychoric(used, smooth = FALSE)$rho)
  pairs <- which(lower.tri(sample$cov), arr.ind = TRUE)
  list(
    n = lavInspect(fit, "nobs"), missing = missing,
    thresholds = as.numeric(sample$th),
    correlations = unname(sample$cov[lower.tri(sample$cov)]),
    # Whole for the shortest scales, else the diagonal and one row, which holds both kinds.
    gamma = if (nrow(gamma) < 30) unname(gamma),
    gamma_diagonal = unname(diag(gamma)), gamma_last_row = unname(gamma[nrow(gamma), ]),
    psych = if (plain) unname(rho[lower.tri(rho)])
  )
}

result <- list(
  session = list(r = R.version.string, lavaan = as.character(packageVersion("lavaan")), psych = as.character(packageVersion("psych"))),
  cases = list(
    items_eight = one("items_eight"), items_gaps = one("items_gaps"), items_gaps_pairwise = one("items_gaps", "pairwise"),
    items_three = one("items_three"), items_two = one("items_two"), items_mixed = one("items_mixed")
  )
)
write_json(result, "tests/oracle/expected/lavaan_polychoric.json", auto_unbox = TRUE, digits = 15, pretty = TRUE, null = "null")
