# The matched example in R: propensity (logit), MatchIt's nearest neighbours within phase and free school meals by a
# table of distances, weighted least squares with CR2 by school. From the repository root:
# Rscript tests/oracle/r/challenge_the_gap.R
# MatchIt 4.5.1's default route of "nearest" truncates distance gaps to whole numbers; with a distance matrix it does not.
suppressMessages({library(MatchIt); library(clubSandwich); library(jsonlite)})
d <- read.csv("analyses/challenge-the-gap/data/pupils.csv", check.names = FALSE, stringsAsFactors = FALSE)
d <- data.frame(
  code = d[["Pupil code"]], school = d$School, took = as.integer(d$Group == "Challenge the Gap"),
  secondary = as.integer(d$Phase == "Secondary"), disadvantaged = d[["Disadvantaged in school"]],
  fsm = as.integer(d$FSM == "Yes"), sen = as.integer(d$SEN == "Yes"), eal = as.integer(d$EAL == "Yes"),
  earlier = d[["Reading autumn 2016"]], before = d[["Reading autumn 2017"]], after = d[["Reading summer 2018"]],
  attendance = d[["Attendance 2016/17"]])
all <- d[!is.na(d$after), ]
facts <- took ~ before + secondary + disadvantaged + fsm + sen + eal
fit <- glm(facts, binomial, all, control = glm.control(epsilon = 1e-14))
all$linear <- unname(fit$linear.predictors)
# Treated units in descending order of the propensity, the others by code; equal gaps are equal whatever the last digit
# says (ten decimals), so that ties go to the pupil that stands first.
all <- all[order(-all$took, ifelse(all$took == 1, -round(all$linear, 10), 0), all$code), ]
rownames(all) <- NULL
gaps <- round(abs(outer(all$linear[all$took == 1], all$linear[all$took == 0], "-")), 10)
gaps[gaps > 0.2 * sd(all$linear)] <- Inf
dimnames(gaps) <- list(which(all$took == 1), which(all$took == 0))
found <- suppressWarnings(matchit(facts, all, method = "nearest", distance = gaps, exact = ~ secondary + fsm))
all$weight <- unname(found$weights)
all$set <- as.character(found$subclass)
kept <- all[all$weight > 0, ]

cr2 <- function(fit, data, name = "took", cluster = data$school) {
  test <- coef_test(fit, vcovCR(fit, cluster = cluster, type = "CR2", inverse_var = FALSE), test = "Satterthwaite")
  place <- which(rownames(test) == name)
  half <- qt(0.975, test$df[place]) * test$SE[place]
  list(estimate = test$beta[place], std_error = test$SE[place], df = test$df[place],
       p_value = test$p_Satt[place], conf_low = test$beta[place] - half, conf_high = test$beta[place] + half)
}
adjusted <- after ~ took + before + secondary + disadvantaged + fsm + sen + eal
of <- function(formula, data, ...) cr2(lm(formula, data), data, ...)
gap <- function(name, data) (mean(data[data$took == 1, name]) - mean(data[data$took == 0, name])) / sqrt(
  (var(all[all$took == 1, name]) + var(all[all$took == 0, name])) / 2)
kept$change <- kept$after - kept$before
waves <- kept[!is.na(kept$earlier), ]
waves$earlier_change <- waves$before - waves$earlier  # change up to the last wave before
all$score <- plogis(all$linear)
all$ipw <- ifelse(all$took == 1, 1, all$score / (1 - all$score))
all$overlap <- ifelse(all$took == 1, 1 - all$score, all$score)
out <- list(
  counts = list(n_treated = sum(all$took), n_control = sum(1 - all$took), matched = nrow(kept) / 2),
  matched = of(adjusted, kept),
  unadjusted = of(after ~ took, all),
  regression = of(adjusted, all),
  matched_unadjusted = of(after ~ took, kept),
  matched_set = of(adjusted, kept, cluster = kept$set),
  ipw = cr2(lm(adjusted, all, weights = ipw), all),
  overlap = cr2(lm(adjusted, all, weights = overlap), all),
  did_cr2 = of(change ~ took, kept),
  pre_trend = of(earlier_change ~ took, waves),
  primary = of(update(adjusted, . ~ . - secondary), kept[kept$secondary == 0, ]),
  secondary = of(update(adjusted, . ~ . - secondary), kept[kept$secondary == 1, ]),
  fsm_yes = of(update(adjusted, . ~ . - fsm), kept[kept$fsm == 1, ]),
  fsm_no = of(update(adjusted, . ~ . - fsm), kept[kept$fsm == 0, ]),
  gaps = list(before = list(baseline = gap("before", all), disadvantaged = gap("disadvantaged", all)),
              after = list(baseline = gap("before", kept), disadvantaged = gap("disadvantaged", kept))),
  session = list(R = as.character(getRversion()), MatchIt = as.character(packageVersion("MatchIt")),
                 clubSandwich = as.character(packageVersion("clubSandwich")))
)
write_json(out, "tests/oracle/expected/challenge_the_gap.json", digits = 15, auto_unbox = TRUE, pretty = TRUE)
