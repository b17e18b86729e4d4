# Signs of careless answering in base R, row by row (careless itself is not in Debian): rle, sd, mahalanobis, cor.
# Run from the repository root: Rscript tests/oracle/r/careless_signs.R
suppressPackageStartupMessages({library(psych); library(jsonlite)})

read <- function(name) as.matrix(read.csv(file.path("tests/oracle/data", paste0(name, ".csv"))))
plain <- function(x) ifelse(is.nan(x) | is.na(x), NA, x)

longest <- function(x) apply(x, 1, function(row) { runs <- rle(row); max(c(0, runs$lengths[!is.na(runs$values)])) })
variability <- function(x) apply(x, 1, sd, na.rm = TRUE)

distances <- function(x) {
  complete <- na.omit(x); middle <- colMeans(complete); covariance <- cov(complete)
  one <- function(row) {
    there <- !is.na(row)
    d <- mahalanobis(row[there], middle[there], covariance[there, there])
    c(d, sum(there), pchisq(d, sum(there), lower.tail = FALSE))
  }
  found <- t(apply(x, 1, one))
  whole <- stats::complete.cases(x)
  # psych agrees where every row is complete.
  stopifnot(all.equal(unname(psych::outlier(complete, plot = FALSE)), unname(found[whole, 1])))
  list(distance = found[, 1], df = found[, 2], p_value = found[, 3])
}

even_odd <- function(x, sizes) {
  last <- cumsum(sizes); first <- last - sizes + 1
  apply(x, 1, function(row) {
    means <- function(start) mapply(function(a, b) mean(row[seq(a + start, b, 2)], na.rm = TRUE), first, last)
    r <- suppressWarnings(cor(means(1), means(0), use = "pairwise.complete.obs"))
    max(2 * r / (1 + r), -1)
  })
}

pairs_of <- function(x, sign) {
  r <- cor(x, use = "pairwise.complete.obs")
  places <- which(upper.tri(r) & sign * r > 0.6, arr.ind = TRUE)
  found <- apply(x, 1, function(row) {
    a <- row[places[, 1]]; b <- row[places[, 2]]; both <- !is.na(a) & !is.na(b)
    if (sum(both) < 3) NA else suppressWarnings(cor(a[both], b[both]))
  })
  list(n = nrow(places), values = plain(found))
}

one <- function(name) {
  x <- read(name)
  list(longest = unname(longest(x)), variability = unname(variability(x)), distances = distances(x))
}
opposite <- read("items_opposite"); gaps <- read("items_gaps")
keyed <- opposite; keyed[, seq(2, 12, 2)] <- 8 - keyed[, seq(2, 12, 2)]
result <- list(
  session = list(r = R.version.string, psych = as.character(packageVersion("psych"))),
  items_opposite = one("items_opposite"), items_gaps = one("items_gaps"),
  antonyms = pairs_of(opposite, -1), synonyms = pairs_of(opposite, 1),
  even_odd = unname(plain(even_odd(keyed, c(4, 4, 4)))),
  reversed = unname(plain(abs(rowMeans(keyed[, seq(1, 12, 2)], na.rm = TRUE) - rowMeans(keyed[, seq(2, 12, 2)], na.rm = TRUE)) / 6))
)
write_json(result, "tests/oracle/expected/careless_signs.json", auto_unbox = TRUE, digits = 15, pretty = TRUE, na = "null")
