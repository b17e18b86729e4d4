# Shares: binom.test, prop.test, fisher.test, t.test; of staff in schools: the package survey.
# Run from the repository root: Rscript tests/oracle/r/shares.R
suppressPackageStartupMessages({library(survey); library(jsonlite)})

exact <- lapply(list(c(31, 65, .34), c(5, 48, .2), c(0, 12, .1), c(12, 12, .9), c(40, 100, .4)), function(x)
  list(count = x[1], n = x[2], reference = x[3], p_value = binom.test(x[1], x[2], x[3])$p.value))

wilson <- function(k, n) as.numeric(prop.test(k, n, correct = FALSE)$conf.int)
two <- lapply(list(c(31, 65, 340, 1000), c(56, 70, 48, 80), c(3, 12, 1, 14), c(9, 9, 5, 11)), function(x) {
  a <- wilson(x[1], x[2]); b <- wilson(x[3], x[4]); p <- x[1] / x[2]; q <- x[3] / x[4]
  table <- rbind(c(x[1], x[2] - x[1]), c(x[3], x[4] - x[3]))
  list(first = x[1:2], second = x[3:4], value = p - q, low = p - q - sqrt((p - a[1])^2 + (b[2] - q)^2),
       high = p - q + sqrt((a[2] - p)^2 + (q - b[1])^2),
       chi_square_p = suppressWarnings(prop.test(x[c(1, 3)], x[c(2, 4)], correct = FALSE)$p.value),
       fisher_p = fisher.test(table)$p.value)
})

# rows that have exactly the mean and SD that were reported
rows <- function(mean, sd, n) { set.seed(n); as.numeric(scale(rnorm(n))) * sd + mean }
test <- function(t) list(value = unname(t$estimate[1] - (if (length(t$estimate) > 1) t$estimate[2] else t$null.value)),
  df = unname(t$parameter), statistic = unname(t$statistic), p_value = t$p.value, low = t$conf.int[1] - (if (length(t$estimate) > 1) 0 else t$null.value),
  high = t$conf.int[2] - (if (length(t$estimate) > 1) 0 else t$null.value))
means <- list(one = test(t.test(rows(48.3, 8, 40), mu = 47.2)), two = test(t.test(rows(48.3, 8, 40), rows(47.2, 10, 300))))

staff <- read.csv("tests/oracle/data/staff_schools.csv")
one_wave <- function(rows) {
  design <- svydesign(ids = ~school, weights = ~1, data = rows)
  share <- svymean(~agree, design, deff = "replace"); p <- coef(share)[[1]]; n <- nrow(rows)
  deff <- as.numeric(deff(share)); t <- qt(.975, degf(design)); ne <- n / max(1, deff)
  logit <- svyciprop(~agree, design, method = "logit", df = degf(design))
  net <- svymean(~recommend, design, deff = "replace"); limits <- confint(net, df = degf(design))
  centre <- (p + t^2 / (2 * ne)) / (1 + t^2 / ne); spread <- t * sqrt(p * (1 - p) / ne + t^2 / (4 * ne^2)) / (1 + t^2 / ne)
  list(share = list(value = p, std_error = as.numeric(SE(share)), design_effect = deff, n_effective = ne, df = degf(design),
                    low = centre - spread, high = centre + spread, logit_low = attr(logit, "ci")[[1]], logit_high = attr(logit, "ci")[[2]]),
       net = list(value = coef(net)[[1]], std_error = as.numeric(SE(net)), design_effect = as.numeric(deff(net)), low = limits[1], high = limits[2]))
}
difference <- function(ids) {
  design <- svydesign(ids = ids, weights = ~1, data = staff); fit <- svyglm(agree ~ wave, design)
  se <- sqrt(vcov(fit)[2, 2]); value <- coef(fit)[[2]]; df <- degf(design)
  list(value = value, std_error = se, df = df, statistic = value / se, p_value = 2 * pt(-abs(value / se), df),
       low = value - qt(.975, df) * se, high = value + qt(.975, df) * se)
}
result <- list(exact = exact, two = two, means = means, after = one_wave(staff[staff$wave == 1, ]), before = one_wave(staff[staff$wave == 0, ]),
               by_school = difference(~school), by_person = difference(~person),
               session = list(R = R.version.string, survey = as.character(packageVersion("survey"))))
write(toJSON(result, auto_unbox = TRUE, digits = 15, pretty = TRUE), "tests/oracle/expected/shares.json")
