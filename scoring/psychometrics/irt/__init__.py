"""Item response theory by marginal maximum likelihood, in the logistic metric.

The logit of a right answer is a (theta - b), with no constant in it: whoever wants the metric with
1.7 divides a by 1.7. Ability is N(0, 1) in the population.
"""
