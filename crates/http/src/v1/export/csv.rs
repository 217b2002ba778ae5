//! A fact as a row of CSV (RFC 4180). `docs/export.md` says how each cell is read back.

use domain::fact::Stream;
use service::export::Row;
use service::history::actor_kind;

use super::line;

/// The first row.
pub const HEADER: &str = "position,at,event,stream_kind,stream_id,version,actor_kind,actor_id,actor_name,\
                          sentence,changes,via,record";

/// What ends a row.
pub const LINE_END: &str = "\r\n";

/// Appends a row, without its end.
pub fn row(row: &Row<'_>, out: &mut Vec<u8>) {
    let (told, head) = (row.told, &row.told.head);
    let mut json = Vec::new();
    line::put(out, format_args!("{},", head.position.0));
    line::moment(head.at, out);
    line::put(out, format_args!(",{},", told.event));
    match head.stream {
        Stream::User(id) => line::put(out, format_args!("user,{id}")),
        Stream::Session(id) => line::put(out, format_args!("session,{id}")),
        Stream::System => out.extend_from_slice(b"system,"),
    }
    line::put(out, format_args!(",{},{},", head.version, actor_kind(head.actor)));
    if let Some(id) = head.actor.user() {
        line::put(out, format_args!("{id}"));
    }
    out.push(b',');
    text(told.actor_name.as_deref().unwrap_or_default(), out);
    out.push(b',');
    text(told.description.as_ref().map_or("", |told| &told.sentence), out);
    out.push(b',');
    if told.description.is_some() {
        line::changes(told, &mut json);
    }
    quoted(&json, out);
    out.push(b',');
    json.clear();
    line::via(told, &mut json);
    quoted(&json, out);
    out.push(b',');
    line::base64(row.record, out);
}

/// Text of somebody's: line breaks and backslashes are spelled `\n`, `\r` and `\\`, so that a row is a
/// line; a cell that a spreadsheet could take for a formula, or that begins with an apostrophe, gets an
/// apostrophe in front.
fn text(cell: &str, out: &mut Vec<u8>) {
    let mut spelled = Vec::with_capacity(cell.len() + 1);
    if cell.starts_with(['=', '+', '-', '@', '\t', '\'']) {
        spelled.push(b'\'');
    }
    for byte in cell.bytes() {
        match byte {
            b'\n' => spelled.extend_from_slice(b"\\n"),
            b'\r' => spelled.extend_from_slice(b"\\r"),
            b'\\' => spelled.extend_from_slice(b"\\\\"),
            byte => spelled.push(byte),
        }
    }
    quoted(&spelled, out);
}

/// A cell in quotes where it needs them. JSON has no line break in it.
fn quoted(cell: &[u8], out: &mut Vec<u8>) {
    if !cell.iter().any(|byte| b",\"\r\n".contains(byte)) {
        return out.extend_from_slice(cell);
    }
    out.push(b'"');
    for byte in cell {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(cell: &str) -> String {
        let mut out = Vec::new();
        text(cell, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_cell_is_a_formula_and_no_row_two_lines() {
        for formula in ["=1+1", "+1", "-1", "@sum", "\tx", "'quoted"] {
            assert_eq!(spelled(formula), format!("'{formula}"));
        }
        assert_eq!(spelled("a\nb\r\nc\\n"), r"a\nb\r\nc\\n");
        assert_eq!(spelled("plain"), "plain");
        assert_eq!(spelled("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(spelled("=\"x\",1"), "\"'=\"\"x\"\",1\"");
    }
}
