//! The lines of the file.

/// The columns, as `benches/scale/figures.rs` writes them.
const COLUMNS: &str =
    "shape,size,locks,edges,threads,depth,new_ns,known_ns,bare_ns,bytes,kept_bytes";

/// One size of one shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) shape: String,
    pub(crate) size: f64,
    pub(crate) locks: f64,
    pub(crate) edges: f64,
    pub(crate) threads: f64,
    pub(crate) depth: f64,
    pub(crate) new: f64,
    pub(crate) known: f64,
    pub(crate) bare: f64,
    pub(crate) bytes: f64,
    pub(crate) kept: f64,
}

impl Row {
    /// What the bytes are divided by: edges, or where there are none, locks.
    pub(crate) fn parts(&self) -> f64 {
        if self.edges > 0.0 {
            self.edges
        } else {
            self.locks
        }
    }
}

/// Reads all lines.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = text.lines();
    if lines.next() != Some(COLUMNS) {
        return Err(format!("the first line has to be {COLUMNS}"));
    }
    lines.map(row).collect()
}

fn row(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let numbers: Result<Vec<f64>, _> = fields[1..].iter().map(|field| field.parse()).collect();
    let Ok(
        [
            size,
            locks,
            edges,
            threads,
            depth,
            new,
            known,
            bare,
            bytes,
            kept,
        ],
    ) = <[f64; 10]>::try_from(numbers.map_err(|error| format!("{line}: {error}"))?)
    else {
        return Err(format!("{line}: not as many columns as the first line"));
    };
    Ok(Row {
        shape: fields[0].to_owned(),
        size,
        locks,
        edges,
        threads,
        depth,
        new,
        known,
        bare,
        bytes,
        kept,
    })
}

/// The rows of one shape.
pub(crate) fn of<'a>(rows: &'a [Row], shape: &'a str) -> impl Iterator<Item = &'a Row> + 'a {
    rows.iter().filter(move |row| row.shape == shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_its_columns() {
        let rows = parse(&format!("{COLUMNS}\nstar,10,11,10,1,2,170.5,20,10,-8,0\n")).unwrap();
        assert_eq!(rows[0].shape, "star");
        assert_eq!((rows[0].new, rows[0].bytes), (170.5, -8.0));
        assert_eq!(rows[0].parts(), 10.0);
    }

    #[test]
    fn another_file_is_refused() {
        assert!(parse("a,b\n1,2\n").is_err());
        assert!(parse(&format!("{COLUMNS}\nstar,1,2\n")).is_err());
    }
}
