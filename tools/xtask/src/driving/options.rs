//! Options of a command: `--name value`, `--flag`, and plain words.

use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// A command's arguments, taken one kind after the other; [`Options::rest`] refuses what is left.
pub struct Options {
    args: Vec<String>,
}

impl Options {
    /// The arguments behind the command's name.
    pub fn new(args: &[String]) -> Self {
        Self { args: args.to_vec() }
    }

    /// Whether a flag was given.
    pub fn flag(&mut self, name: &str) -> bool {
        let at = self.args.iter().position(|arg| arg == name);
        at.map(|at| self.args.remove(at)).is_some()
    }

    /// The value behind an option, or what stands for it.
    pub fn value<T: FromStr>(&mut self, name: &str, default: T) -> Result<T> {
        let Some(at) = self.args.iter().position(|arg| arg == name) else { return Ok(default) };
        self.args.remove(at);
        if at == self.args.len() {
            bail!("{name} needs a value");
        }
        let text = self.args.remove(at);
        text.parse().ok().with_context(|| format!("{name} does not take `{text}`"))
    }

    /// The plain words.
    ///
    /// # Errors
    /// An option that nobody asked for.
    pub fn rest(self) -> Result<Vec<String>> {
        match self.args.iter().find(|arg| arg.starts_with('-')) {
            Some(unknown) => bail!("unknown option {unknown}"),
            None => Ok(self.args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Options {
        Options::new(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_taken_out_from_between_the_words() {
        let mut options = options(&["append", "--seconds", "3", "--json", "fold"]);
        assert_eq!(options.value("--seconds", 5).expect("a number"), 3);
        assert_eq!(options.value("--rounds", 7).expect("the default"), 7);
        assert!(options.flag("--json") && !options.flag("--long"));
        assert_eq!(options.rest().expect("words"), ["append", "fold"]);
    }

    #[test]
    fn an_option_without_a_value_with_another_kind_of_value_or_unknown_is_refused() {
        assert!(options(&["--seconds"]).value("--seconds", 5).is_err());
        assert!(options(&["--seconds", "x"]).value("--seconds", 5).is_err());
        assert!(options(&["--secnods", "3"]).rest().is_err());
    }
}
