//! SQL that merges records in an engine which a fleet runs already.
//!
//! Each text reads the record files into a table `obs`, joins them into `merged` with minima, maxima and
//! distinct counts alone, and finds the orders that the table `base` does not have and the short cycles
//! through them. The statements are the same for all engines but for what reads the files and what a table
//! needs there.

/// The engines that the statements are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    Duckdb,
    Datafusion,
    Clickhouse,
    Spark,
}

const MERGE: &str = "\
CREATE TABLE merged@ENGINE@ AS
SELECT from_class, from_mode, to_class, to_mode, gates,
       MIN(seen_ms) AS first_ms, MAX(seen_ms) AS last_ms, COUNT(DISTINCT run_id) AS runs,
       MIN(from_site) AS witness_from, MIN(to_site) AS witness_to
FROM obs GROUP BY from_class, from_mode, to_class, to_mode, gates;
";

const NEW: &str = "\
CREATE TABLE new_edges@ENGINE@ AS
SELECT DISTINCT m.from_class AS from_class, m.to_class AS to_class
FROM merged m LEFT JOIN base b ON m.from_class = b.from_class AND m.to_class = b.to_class
WHERE b.from_class IS NULL AND m.from_class <> m.to_class;

CREATE TABLE edges@ENGINE@ AS
SELECT DISTINCT from_class, to_class FROM merged WHERE from_class <> to_class;
";

/// Rings of up to six locks through a new order: the depth is bounded, and only new orders are starts.
const RINGS: &str = "\
WITH RECURSIVE reach AS (
  SELECT from_class AS a, to_class AS b, to_class AS node, 1 AS d FROM new_edges
  UNION ALL
  SELECT DISTINCT r.a AS a, r.b AS b, g.to_class AS node, r.d + 1 AS d
  FROM reach r JOIN edges g ON g.from_class = r.node WHERE r.d < 6 AND r.node <> r.a
)
SELECT a, b, MIN(d) AS locks FROM reach WHERE node = a GROUP BY a, b ORDER BY a, b;
";

impl Engine {
    /// The statements, for record files that match `files` and a baseline that was exported as CSV.
    pub(crate) fn statements(self, files: &str) -> String {
        let (read, table) = match self {
            Self::Duckdb => (
                format!(
                    "CREATE TABLE obs AS\n\
                     SELECT \"from\" AS from_class, from_mode, \"to\" AS to_class, to_mode,\n       \
                     array_to_string(gates, '|') AS gates, seen_ms, run AS run_id, from_site, to_site\n\
                     FROM read_json('{files}', format = 'newline_delimited', ignore_errors = true, columns = {{\n  \
                     row: 'VARCHAR', \"from\": 'VARCHAR', from_mode: 'VARCHAR', \"to\": 'VARCHAR', to_mode: 'VARCHAR',\n  \
                     gates: 'VARCHAR[]', seen_ms: 'BIGINT', run: 'VARCHAR', from_site: 'VARCHAR', to_site: 'VARCHAR'}})\n\
                     WHERE row = 'edge';\n"
                ),
                "",
            ),
            Self::Datafusion => (
                format!(
                    "CREATE EXTERNAL TABLE records (\"row\" VARCHAR, \"from\" VARCHAR, from_mode VARCHAR, \"to\" VARCHAR,\n  \
                     to_mode VARCHAR, gates VARCHAR[], seen_ms BIGINT, run VARCHAR, from_site VARCHAR, to_site VARCHAR)\n\
                     STORED AS JSON LOCATION '{files}';\n\
                     CREATE TABLE obs AS\n\
                     SELECT \"from\" AS from_class, from_mode, \"to\" AS to_class, to_mode,\n       \
                     array_to_string(gates, '|') AS gates, seen_ms, run AS run_id, from_site, to_site\n\
                     FROM records WHERE \"row\" = 'edge';\n"
                ),
                "",
            ),
            Self::Clickhouse => (
                format!(
                    "SET join_use_nulls = 1;\n\
                     CREATE TABLE obs ENGINE = MergeTree ORDER BY tuple() AS\n\
                     SELECT \"from\" AS from_class, from_mode, \"to\" AS to_class, to_mode,\n       \
                     arrayStringConcat(gates, '|') AS gates, seen_ms, run AS run_id, from_site, to_site\n\
                     FROM file('{files}', 'JSONEachRow', 'row String, \"from\" String, from_mode String, \"to\" String,\n  \
                     to_mode String, gates Array(String), seen_ms UInt64, run String, from_site String, to_site String')\n\
                     WHERE row = 'edge'\n\
                     SETTINGS input_format_skip_unknown_fields = 1, input_format_allow_errors_ratio = 0.01;\n"
                ),
                " ENGINE = MergeTree ORDER BY tuple()",
            ),
            Self::Spark => (
                format!(
                    "CREATE TEMPORARY VIEW records USING json OPTIONS (path '{files}', mode 'DROPMALFORMED');\n\
                     CREATE TABLE obs AS\n\
                     SELECT `from` AS from_class, from_mode, `to` AS to_class, to_mode,\n       \
                     concat_ws('|', gates) AS gates, seen_ms, run AS run_id, from_site, to_site\n\
                     FROM records WHERE `row` = 'edge';\n"
                ),
                "",
            ),
        };
        let base = match self {
            Self::Clickhouse => {
                "CREATE TABLE IF NOT EXISTS base (from_class String, to_class String) ENGINE = MergeTree ORDER BY tuple();\n"
            }
            Self::Spark => {
                "CREATE TABLE IF NOT EXISTS base (from_class STRING, to_class STRING);\n"
            }
            _ => "CREATE TABLE IF NOT EXISTS base (from_class VARCHAR, to_class VARCHAR);\n",
        };
        let statements = [MERGE, NEW].concat().replace("@ENGINE@", table);
        format!(
            "-- Every run's edges. The files are those of LOCKWARDEN_RECORD.\n{read}\n\
             -- The baseline: fill it from locks.order, one row for each `a < b`.\n{base}\n\
             -- A join-semilattice: the order, the grouping and the repetition of files do not matter.\n\
             {statements}\n\
             -- Cycles of up to six locks that a new order closes.\n{RINGS}"
        )
    }
}
