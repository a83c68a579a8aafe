//! The formats, from bytes to rows and findings with places.

use proptest::prelude::*;

use super::*;
use crate::finding::Findings;

fn read(text: impl Into<Vec<u8>>) -> (RowSet, Findings) {
    read_stdin(text.into(), &ReadOptions::default()).unwrap()
}

fn clean(text: &str) -> RowSet {
    let (rows, findings) = read(text);
    assert!(findings.is_empty(), "{findings:#?}");
    rows
}

fn texts(rows: &RowSet) -> Vec<Vec<String>> {
    (0..rows.len())
        .map(|row| {
            (0..rows.columns().len()).map(|column| rows.cell(row, column).display().into_owned()).collect()
        })
        .collect()
}

fn place(rows: &RowSet, row: u32, column: &str) -> String {
    rows.place(row, Some(column)).to_string()
}

fn told(findings: &Findings) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                finding.rule,
                finding.place.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        })
        .collect()
}

fn file(name: &str, bytes: &[u8]) -> (RowSet, Findings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    crate::files::write(&path, bytes).unwrap();
    read_file(&path, &ReadOptions::default()).unwrap()
}

#[test]
fn the_delimiter_is_found_and_cells_are_trimmed() {
    for text in ["a,b\n 1 , x y \n", "a;b\n1;x y\n", "a\tb\r\n1\tx y\r\n", "\u{feff}a , b\n\n1,x y"] {
        let rows = clean(text);
        assert_eq!(rows.columns(), ["a", "b"], "{text:?}");
        assert_eq!(texts(&rows), [["1", "x y"]], "{text:?}");
    }
    assert_eq!(texts(&clean("a;\"b,c,d,e\"\n1;2\n")), [["1", "2"]]);
    let piped = read_stdin(b"a|b\n1|2\n".to_vec(), &ReadOptions { delimiter: Some(b'|') }).unwrap().0;
    assert_eq!(texts(&piped), [["1", "2"]]);
}

#[test]
fn places_are_lines_and_columns_of_the_file() {
    let rows = clean("\u{feff}a,b,c\r\n\r\n\"x\r\ny\",é é,\"q\"\"q\"\r\n1,2,3\r\n");
    assert_eq!(place(&rows, 0, "a"), "<stdin>:3:1");
    assert_eq!(place(&rows, 0, "b"), "<stdin>:4:4");
    assert_eq!(place(&rows, 0, "c"), "<stdin>:4:8");
    assert_eq!(place(&rows, 1, "c"), "<stdin>:5:5");
    assert_eq!(rows.header_place("b").to_string(), "<stdin>:1:3");
    assert_eq!(rows.cell(0, 0), Cell::Text("x\r\ny"));
    assert_eq!(rows.cell(0, 2), Cell::Text("q\"q"));
}

#[test]
fn ragged_rows_and_bad_headers_are_told_where_they_stand() {
    let (rows, findings) = read("a,b,a,\n1,2\n1,2,3,4,5\n,,,\n\n1,2,3,4\n");
    assert_eq!(
        told(&findings),
        ["TW107 <stdin>:1:5", "TW106 <stdin>:1:7", "TW109 <stdin>:2:4", "TW108 <stdin>:3:9"]
    );
    assert_eq!(rows.len(), 3);
    let (_, findings) = read("a,b\n1,\"never closed\n2,3\n");
    assert_eq!(told(&findings)[0], "TW105 <stdin>:2:3");
    let (_, findings) = read("a,b\n");
    assert_eq!(told(&findings), ["TW104 <stdin>"]);
}

#[test]
fn other_encodings_are_refused_by_line_and_column() {
    let (rows, findings) = read(b"a,b\nx,Caf\xe9\n".to_vec());
    assert!(rows.is_empty());
    assert_eq!(told(&findings), ["TW101 <stdin>:2:6"]);
    assert!(findings.iter().any(|finding| finding.what.contains("0xE9") && finding.what.contains("Latin-1")));
    let (_, findings) = read(b"\xff\xfea\0,\0".to_vec());
    assert!(findings.iter().any(|finding| finding.what.contains("UTF-16")));
}

#[test]
fn json_json_lines_and_yaml_give_types_and_places() {
    let json = "[\n  {\"a\": \"x\", \"n\": 1, \"list\": [\"p\", 2]},\n  {\"a\": null, \"b\": true, \"map\": {\"k\": \"v\"}}\n]";
    let (rows, findings) = file("t.json", json.as_bytes());
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(rows.columns(), ["a", "n", "list", "b", "map"]);
    assert_eq!(rows.cell(0, 1), Cell::Number("1"));
    assert_eq!(rows.cell(0, 2).display(), r#"["p", 2]"#);
    assert_eq!(rows.cell(1, 0), Cell::Null);
    assert_eq!(rows.cell(1, 3), Cell::Boolean(true));
    assert_eq!(rows.cell(0, 4), Cell::Null);
    assert!(place(&rows, 1, "b").ends_with("t.json:3:20"), "{}", place(&rows, 1, "b"));
    assert!(rows.place(1, Some("n")).to_string().ends_with(":3:3"));

    let (rows, _) = file("t.jsonl", b"{\"a\": 1}\n\n{\"a\": 2}\n");
    assert_eq!(texts(&rows), [["1"], ["2"]]);
    assert!(place(&rows, 1, "a").ends_with(":3:7"));

    let (rows, findings) = file("t.yml", b"- a: x\n  n: 01\n- a: no\n  n: [b, c]\n");
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(texts(&rows), [["x", "01"], ["no", "[\"b\", \"c\"]"]]);
    assert!(place(&rows, 1, "n").ends_with("t.yml:4:6"));
}

#[test]
fn broken_records_are_told_where_they_break() {
    let (_, findings) = file("t.json", b"[{\"a\": 1},\n 5,\n {\"a\": 1, \"a\": 2}]");
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["TW103", "TW107"]);
    assert!(told(&findings)[1].ends_with("t.json:3:11"), "{:?}", told(&findings));
    let (_, findings) = file("t.json", b"[{\"a\": 1}\n {\"a\": 2}]");
    assert!(told(&findings)[0].ends_with("t.json:2:2") && told(&findings)[0].starts_with("TW102"));
    let (_, findings) = file("t.yaml", b"- a: [1\n- b");
    assert!(told(&findings)[0].starts_with("TW102"));
    let (_, findings) = file("t.yaml", b"[]");
    assert!(told(&findings)[0].starts_with("TW104"));
}

#[test]
fn standard_input_is_told_by_its_first_character() {
    assert_eq!(texts(&clean("[{\"a\": 1}]")), [["1"]]);
    assert_eq!(texts(&clean("{\"a\": 1}\n{\"a\": 2}")), [["1"], ["2"]]);
    assert_eq!(texts(&clean("- a: 1\n")), [["1"]]);
    assert_eq!(texts(&clean("a\n-1\n")), [["-1"]]);
}

#[test]
fn places_name_a_file_as_the_user_does() {
    let folder = tempfile::tempdir().unwrap();
    crate::files::write(&folder.path().join("t.csv"), b"a,b\n1\n").unwrap();
    let (_, findings) = read_file_in(folder.path(), "t.csv".as_ref(), &ReadOptions::default()).unwrap();
    assert_eq!(told(&findings), ["TW109 t.csv:2:2"]);
}

#[test]
fn words_for_nothing_are_names() {
    let rows = clean("a,b\nNA,null\nNone,\n");
    assert_eq!(rows.cell(0, 0).scalar(), Some("NA"));
    assert_eq!(rows.cell(0, 1).scalar(), Some("null"));
    assert!(rows.cell(1, 1).is_blank());
}

#[test]
fn equal_cells_of_neighbouring_rows_are_kept_once() {
    let mut text = "a,b\n".to_owned();
    for index in 0..1_000 {
        text.push_str(&format!("the same long connection,{index}\n"));
    }
    let rows = clean(&text);
    let (Cell::Text(first), Cell::Text(last)) = (rows.cell(0, 0), rows.cell(999, 0)) else {
        panic!("no text")
    };
    assert!(std::ptr::eq(first, last));
    assert_eq!(rows.cell(999, 1), Cell::Text("999"));
}

proptest! {
    /// What is written as CSV comes back, and the place of each cell is where its text stands.
    #[test]
    fn cells_are_read_back_and_stand_at_their_places(
        lines in prop::collection::vec(prop::collection::vec("[a-z\"\n\r;é,]{0,5}", 3), 1..8),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        for line in &lines {
            writer.write_record(line).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let rows = read_stdin(bytes, &ReadOptions { delimiter: Some(b',') }).unwrap().0;
        let kept: Vec<&Vec<String>> =
            lines.iter().filter(|line| line.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(rows.len(), kept.len());
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.char_indices().filter(|(index, c)| {
                *c == '\n' || (*c == '\r' && !text[index + 1..].starts_with('\n'))
            }).map(|(index, _)| index + 1))
            .collect();
        for (row, line) in kept.iter().enumerate() {
            for (column, cell) in line.iter().enumerate() {
                prop_assert_eq!(rows.cell(row, column), Cell::Text(cell.trim()));
                let crate::finding::Place::File { line, column, .. } =
                    rows.place(u32::try_from(row).unwrap(), Some(["x", "y", "z"][column])) else { panic!("no file") };
                let start = starts[line as usize - 1];
                let here = text[start..].char_indices().nth(column as usize - 1).map_or(text.len(), |(i, _)| start + i);
                let written = if text[here..].starts_with('"') { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() };
                prop_assert!(text[here..].starts_with(&written), "{:?} at {}:{} of {:?}", cell, line, column, text);
            }
        }
    }
}
