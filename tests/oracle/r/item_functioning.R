# Differential item functioning by ordinal logistic regression (MASS::polr) and Mantel's test (by hand; mantelhaen.test
# for two answers). Run from the repository root: Rscript tests/oracle/r/item_functioning.R
suppressPackageStartupMessages({library(MASS); library(jsonlite)})

data <- na.omit(read.csv("tests/oracle/data/factor_three.csv"))
items <- data[paste0("q", 1:4)]

ratio <- function(less, more, null, df, n) {
  statistic <- as.numeric(2 * (logLik(more) - logLik(less)))
  nagelkerke <- function(fit) as.numeric((1 - exp(2 * (logLik(null) - logLik(fit)) / n)) / (1 - exp(2 * logLik(null) / n)))
  list(statistic = statistic, df = df, p_value = pchisq(statistic, df, lower.tail = FALSE),
       mcfadden = as.numeric((logLik(less) - logLik(more)) / logLik(null)), nagelkerke = nagelkerke(more) - nagelkerke(less))
}
mantel <- function(answer, group, stratum) {
  sums <- sapply(split(data.frame(answer, group), stratum), function(d) {
    one <- d$answer[d$group == 0]; other <- d$answer[d$group == 1]; n <- nrow(d)
    if (length(one) == 0 || length(other) == 0 || length(unique(d$answer)) < 2) return(c(0, 0, 0, 0, 0, 0))
    cuts <- sort(unique(answer))[-1]
    above <- function(x, cut) sum(x >= cut)
    concordant <- sum(sapply(cuts, function(cut) above(other, cut) * (length(one) - above(one, cut)) / n))
    discordant <- sum(sapply(cuts, function(cut) above(one, cut) * (length(other) - above(other, cut)) / n))
    c(sum(other) - length(other) * mean(d$answer), length(one) * length(other) / n * var(d$answer), concordant, discordant,
      length(other) * (mean(other) - mean(one)), length(other))
  })
  total <- rowSums(sums); statistic <- total[1]^2 / total[2]
  list(statistic = statistic, p_value = pchisq(statistic, 1, lower.tail = FALSE), odds_ratio = total[3] / total[4],
       mean_difference = total[5] / total[6], n_strata = sum(sums[6, ] > 0))
}
one_item <- function(items, group, number, anchors) {
  used <- union(anchors, number)
  match <- rowSums(items[used]); match0 <- match - mean(range(match))
  answer <- factor(items[[number]], ordered = TRUE); n <- nrow(items)
  fit <- function(formula) {
    if (nlevels(answer) > 2) polr(formula, Hess = TRUE, control = list(reltol = 1e-15, maxit = 500))
    else glm(formula, family = binomial, control = list(epsilon = 1e-12))
  }
  null <- fit(answer ~ 1); plain <- fit(answer ~ match0); uniform <- fit(answer ~ match0 + group)
  full <- fit(answer ~ match0 * group)
  odds <- coef(uniform)[["group"]]
  error <- sqrt(vcov(uniform)["group", "group"])
  list(uniform = ratio(plain, uniform, null, 1, n), non_uniform = ratio(uniform, full, null, 1, n),
       total = ratio(plain, full, null, 2, n), odds_ratio = exp(odds), odds_low = exp(odds - qnorm(.975) * error),
       odds_high = exp(odds + qnorm(.975) * error), mantel = mantel(items[[number]], group, match))
}
two <- as.data.frame(lapply(items, function(x) as.numeric(x >= 4)))
group <- data$group
round_of <- function(anchors) lapply(1:4, function(i) one_item(items, group, i, anchors))
first <- second <- round_of(1:4); anchors <- 1:4
repeat {  # leave flagged items out of the others' matching score until the flagged stay the same
  again <- which(sapply(second, function(x) x$total$p_value >= .01))
  if (identical(again, anchors)) break
  anchors <- again; second <- round_of(anchors)
}
match <- rowSums(two)
# mantelhaen.test needs strata with at least two pupils
kept <- match %in% names(which(table(match) > 1))
haenszel <- lapply(1:4, function(i) {
  test <- mantelhaen.test(table(two[[i]][kept], group[kept], match[kept]), correct = FALSE)
  list(statistic = unname(test$statistic), p_value = test$p.value, odds_ratio = unname(test$estimate))
})
result <- list(
  session = list(r = R.version.string, MASS = as.character(packageVersion("MASS"))),
  plain = first, purified = second, anchors = anchors,
  two_answers = lapply(1:4, function(i) one_item(two, group, i, 1:4)), haenszel = haenszel
)
write_json(result, "tests/oracle/expected/item_functioning.json", auto_unbox = TRUE, digits = 12, pretty = TRUE)
