//! `--min-feedback`

use super::parse::{parse_limit, parse_number};
use super::{
    FlagValues, Limit, MeasuredTrace, Observations, RequiredData, Rule, RuleFlag, RuleUnit, Statistic, Totals,
};
use crate::shell::Suggestion;
use std::sync::Arc;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "min-feedback",
    value_name: "NAME=[STAT=]VALUE",
    help: &[
        "Minimum feedback, as a mean by default: correctness=0.8, safety=each=1",
        "yes and true are 1, no and false are 0.",
    ],
    values: FlagValues::Many,
    parse,
    measure: None,
};

fn parse(text: &str) -> Result<Arc<dyn Rule>, String> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    let number = |text: &str| match text {
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        _ => parse_number(text),
    };
    let (statistic, limit) = parse_limit(rest, Statistic::Mean, number, "a number")?;
    let limit = Limit::at_least(limit, RuleUnit::Score).of(statistic);
    Ok(Arc::new(MinFeedback { name: name.to_owned(), limit }))
}

/// Feedback with this name is at least this value.
#[derive(Debug)]
pub(super) struct MinFeedback {
    pub(super) name: String,
    pub(super) limit: Limit,
}

impl Rule for MinFeedback {
    fn name(&self) -> &'static str {
        FLAG.name
    }

    fn subject(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn label(&self) -> String {
        let statistic = self.limit.statistic.map_or("", Statistic::as_str);
        format!("{} {} {statistic}", FLAG.name, self.name)
    }

    fn limit(&self) -> Limit {
        self.limit
    }

    fn observed(&self) -> &'static str {
        "feedback"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Assessments
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        let mut feedback = trace.feedback().filter(|(name, _)| *name == self.name).peekable();
        if feedback.peek().is_none() && self.limit.is_of_each() {
            seen.add_unknown(trace, "no such feedback".to_owned());
        }
        feedback.for_each(|(_, value)| seen.add_value(trace, &value));
    }

    fn value(&self, seen: &Observations, totals: &Totals) -> (Option<f64>, bool) {
        match self.limit.statistic {
            None | Some(Statistic::Each) => seen.extreme(),
            Some(statistic) => {
                let unknown = (None, totals.traces == 0);
                totals.feedback.get(&self.name).map_or(unknown, |values| values.statistic(statistic))
            }
        }
    }

    fn explain_trace(&self, id: &str) -> Suggestion {
        Suggestion::new("trace show").operand(id).flag("--io")
    }
}
