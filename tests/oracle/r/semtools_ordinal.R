# Ordinal alpha and Green and Yang's ordinal omega from a one-factor DWLS model: lavaan and semTools.
# Run from the repository root: Rscript tests/oracle/r/semtools_ordinal.R
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})

one <- function(name) {
  items <- na.omit(read.csv(file.path("tests/oracle/data", paste0(name, ".csv"))))
  k <- ncol(items)
  labels <- paste0("l", seq_len(k))
  model <- c(
    paste("f =~", paste(paste0(labels, "*", names(items)), collapse = " + ")),
    paste0("latent := (", paste(labels, collapse = " + "), ")^2 / ((", paste(labels, collapse = " + "), ")^2 + ",
           paste0("(1 - ", labels, "^2)", collapse = " + "), ")")
  )
  fit <- cfa(paste(model, collapse = "\n"), items, ordered = TRUE, std.lv = TRUE, estimator = "WLSMV")
  stopifnot(lavInspect(fit, "converged"))
  table <- parameterEstimates(fit)
  loadings <- table$est[match(labels, table$label)]
  r <- lavInspect(fit, "sampstat")$cov
  # Delta method by hand for ordinal alpha: every correlation has the same slope.
  gamma <- unclass(lavInspect(fit, "gamma"))
  pairs <- (nrow(gamma) - k * (k - 1) / 2 + 1):nrow(gamma)
  slope <- 2 * k^2 / (k - 1) / sum(r)^2
  list(
    n = nrow(items), loadings = loadings * sign(sum(loadings)),
    alpha = k / (k - 1) * (1 - k / sum(r)), alpha_se = slope * sqrt(sum(gamma[pairs, pairs]) / nrow(items)),
    omega = as.numeric(suppressMessages(compRelSEM(fit, ord.scale = TRUE))),
    latent = table$est[table$label == "latent"], latent_se = table$se[table$label == "latent"]
  )
}

names <- c("items_eight", "items_gaps", "items_two", "items_mixed")
result <- list(
  session = list(r = R.version.string, lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools"))),
  cases = setNames(lapply(names, one), names)
)
write_json(result, "tests/oracle/expected/semtools_ordinal.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
