//! How figures are said: the spread over the rounds, the raw rate beside it, the goal.

use serde_json::{Value, json};

/// Smallest, middle and greatest of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// The spread of at least one number.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        // Of an even number there are two in the middle.
        Self {
            min: at(0),
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            max: at(last),
        }
    }

    fn json(self) -> Value {
        json!({ "min": self.min, "median": self.median, "max": self.max })
    }
}

/// A figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub figure: String,
    /// In what.
    pub unit: &'static str,
    /// How much of it.
    pub value: Spread,
    /// What the machine does raw, in words, and how much of that; measured around each round.
    pub raw: Option<(&'static str, Spread)>,
    /// Measured against raw, round by round.
    pub ratio: Option<Spread>,
    /// What design section 4 asks for; empty where it asks for nothing.
    pub goal: &'static str,
    /// What has to be known to read the figure.
    pub note: String,
}

impl Row {
    /// A figure with nothing raw to be compared with.
    pub fn alone(figure: &str, unit: &'static str, value: Spread, goal: &'static str) -> Self {
        let (figure, note) = (figure.to_owned(), String::new());
        Self { figure, unit, value, raw: None, ratio: None, goal, note }
    }

    /// A figure against what the machine did raw right before and right after each round: `raw` has one
    /// number more than `values`.
    pub fn against(
        figure: &str,
        unit: &'static str,
        values: &[f64],
        (called, raw): (&'static str, &[f64]),
        goal: &'static str,
    ) -> Self {
        let around = raw.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        let ratios = values.iter().zip(around).map(|(value, around)| value / around);
        Self {
            figure: figure.to_owned(),
            unit,
            value: Spread::of(values.iter().copied()),
            raw: Some((called, Spread::of(raw.iter().copied()))),
            ratio: Some(Spread::of(ratios)),
            goal,
            note: String::new(),
        }
    }

    /// With something that has to be known to read it.
    #[must_use]
    pub fn note(mut self, note: String) -> Self {
        self.note = note;
        self
    }

    /// The same figure under a longer name.
    #[must_use]
    pub fn also(mut self, words: &str) -> Self {
        self.figure = format!("{}, {words}", self.figure);
        self
    }

    /// As one object.
    pub fn json(&self) -> Value {
        json!({
            "figure": self.figure,
            "unit": self.unit,
            "value": self.value.json(),
            "raw": self.raw.map(|(called, spread)| json!({ "is": called, "value": spread.json() })),
            "ratio": self.ratio.map(Spread::json),
            "goal": self.goal,
            "note": self.note,
        })
    }
}

/// Rows as a Markdown table; every cell is the median, with smallest and greatest beside it.
pub fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| figure | reached: median (min to max) | the machine raw, same run | ratio | goal |\n\
                    |---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let raw = row.raw.map(|(called, spread)| format!("{called}: {}", said(spread)));
        let ratio = row
            .ratio
            .map(|ratio| format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.min, ratio.max));
        let note = if row.note.is_empty() { String::new() } else { format!(" ({})", row.note) };
        let line = format!(
            "| {}{note} | {} {} | {} | {} | {} |\n",
            row.figure,
            said(row.value),
            row.unit,
            raw.unwrap_or_default(),
            ratio.unwrap_or_default(),
            row.goal,
        );
        text.push_str(&line);
    }
    text
}

fn said(spread: Spread) -> String {
    let [min, median, max] = [spread.min, spread.median, spread.max].map(number);
    if min == max { median } else { format!("{median} ({min} to {max})") }
}

/// A number with as many digits as mean something, in groups of three.
fn number(number: f64) -> String {
    if number.abs() < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_against_what_was_raw_right_before_and_after() {
        let row = Row::against("f", "/s", &[50.0, 30.0], ("raw", &[100.0, 100.0, 20.0]), "");
        assert_eq!(row.ratio, Some(Spread { min: 0.5, median: 0.5, max: 0.5 }));
        assert_eq!(row.value, Spread { min: 30.0, median: 40.0, max: 50.0 });
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Spread { min: 1.0, median: 2.5, max: 4.0 });
        assert_eq!(Spread::of([2.0, 9.0, 1.0]), Spread { min: 1.0, median: 2.0, max: 9.0 });
    }

    #[test]
    fn numbers_are_written_in_groups_of_three() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(9.87), "9.9");
    }
}
