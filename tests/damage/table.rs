//! The table as the document has it: the document is what is tested.

/// What a row promises.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What `muster serve` exits with; 0 if it starts.
    pub exit: i32,
    /// Part of what it prints; empty if nothing is promised.
    pub says: String,
    /// What `muster recover` can do.
    pub recover: Recover,
}

/// What `muster recover` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recover {
    /// There is nothing to do.
    Nothing,
    /// It makes all of it good.
    Mends,
    /// It goes on without the end of the log, if that is accepted.
    Loses,
    /// It cannot help.
    Cannot,
}

const DOCUMENT: &str = include_str!("../../docs/recovery.md");

/// All rows, in order.
pub fn rows() -> Vec<Row> {
    let (_, table) = DOCUMENT.split_once("## The table").expect("the table has a heading");
    let table = table.split("\n## ").next().unwrap_or_default();
    table.lines().filter_map(row).collect()
}

/// The row of this name.
pub fn named(name: &str) -> Row {
    let found = rows().into_iter().find(|row| row.name == name);
    found.unwrap_or_else(|| panic!("docs/recovery.md has no row {name}"))
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
    let [name, _, _, exit, says, recover, _] = cells[..] else { return None };
    let exit = exit.parse().ok()?;
    let recover = match recover {
        "" => Recover::Nothing,
        "mends" => Recover::Mends,
        "loses" => Recover::Loses,
        "cannot" => Recover::Cannot,
        other => panic!("row {name}: `{other}` says nothing"),
    };
    Some(Row { name: name.to_owned(), exit, says: says.replace('`', ""), recover })
}
