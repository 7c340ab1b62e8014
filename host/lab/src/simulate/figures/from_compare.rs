//! From the table of `plimsoll compare --json` to what a sampled run needs.

use plimsoll_plugin::PROOF_BYTES;
use serde_json::Value;

use super::{FiguresError, SchemeFigures};

const US_PER_S: f64 = 1e6;
const US_PER_MS: f64 = 1e3;
/// A plot as large as those of most scenarios.
const LARGE_BYTES: u64 = 1 << 40;
/// One more step of a path.
const NODE_BYTES: u32 = 32;

impl SchemeFigures {
    /// The figures of `scheme`, from the table that `plimsoll compare --json` prints. Where the table has it more than
    /// once, with other parameters, `params` says which; the first one where it says nothing.
    ///
    /// A table that does not say whether units depend on whose they are (`identity_bound`) is read as if they did.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub fn from_compare(table: &str, scheme: &str, params: Option<&Value>) -> Result<Self, FiguresError> {
        let table: Value =
            serde_json::from_str(table).map_err(|error| FiguresError::NotATable(error.to_string()))?;
        let rows = table.get("schemes").and_then(Value::as_array);
        let rows = rows.ok_or_else(|| FiguresError::NotATable("there is no list `schemes`".into()))?;
        let named = |row: &&Value| row.get("name").and_then(Value::as_str) == Some(scheme);
        let suits = |row: &&Value| params.is_none_or(|params| params_of(row) == *params);
        let asked = table.pointer("/assumptions/samples").and_then(Value::as_u64);
        match rows.iter().filter(named).find(suits) {
            Some(row) => Row { scheme, row, asked }.figures(),
            None => Err(unknown(scheme, params, rows)),
        }
    }
}

fn unknown(scheme: &str, params: Option<&Value>, rows: &[Value]) -> FiguresError {
    let title = |name: &str, params: &Value| match params {
        Value::Object(map) if !map.is_empty() => format!("{name} with {params}"),
        _ => name.to_owned(),
    };
    let known = |row: &Value| Some(title(row.get("name")?.as_str()?, &params_of(row)));
    let known: Vec<String> = rows.iter().filter_map(known).collect();
    let wanted = params.map_or_else(|| scheme.to_owned(), |params| title(scheme, params));
    FiguresError::Unknown { scheme: wanted, known: known.join(", ") }
}

/// Parameters: canonical JSON as text in the table of `compare`, an object in ours.
fn params_of(row: &Value) -> Value {
    match row.get("params") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(params) => params.clone(),
        None => Value::Null,
    }
}

/// One line of the table.
struct Row<'a> {
    scheme: &'a str,
    row: &'a Value,
    /// Samples that were asked for of every scheme.
    asked: Option<u64>,
}

impl Row<'_> {
    fn figures(&self) -> Result<SchemeFigures, FiguresError> {
        // Of a proof's time, the reads are counted apart: what is in the page cache costs next to none.
        let prove_ms = self.number("prove_warm_p50_ms")?;
        let samples = self.number("samples_per_challenge_count")?.max(1.0);
        let flag = |key: &str| self.row.get(key).and_then(Value::as_bool);
        let alone = flag("unit_regenerates_alone").ok_or_else(|| self.missing("unit_regenerates_alone"))?;
        let mib_per_cpu_s = self.number("fill_mib_per_cpu_s")?;
        if mib_per_cpu_s <= 0.0 {
            return Err(self.missing("fill_mib_per_cpu_s"));
        }
        Ok(SchemeFigures {
            name: self.scheme.to_owned(),
            params: params_of(self.row),
            unit_bytes: self.whole("unit_bytes")?,
            most_samples: self.most_samples()?,
            fill_cpu_us_per_mib: US_PER_S / mib_per_cpu_s,
            unit_regenerate_us: self.number("unit_regenerate_us")?,
            unit_regenerates_alone: alone,
            sample_read_us: (self.number("prove_cold_p50_ms")? - prove_ms).max(0.0) * US_PER_MS / samples,
            sample_read_bytes: (self.number("prove_read_bytes")? / samples).ceil() as u64,
            prove_us: prove_ms * US_PER_MS,
            verify_us: self.number("verify_us")?,
            proof_bytes: self.whole("proof_bytes")?,
            not_eligible_fraction: self.number("not_eligible_fraction")?,
            identity_bound: flag("identity_bound").unwrap_or(true),
        })
    }

    /// What was drawn, where the scheme refused more. Where it did as it was asked, or had no more units, it may draw
    /// more of a larger plot: as many as make a proof of 64 KiB over a tebibyte, where a sample takes what it took here
    /// and 32 bytes of a path for each doubling.
    fn most_samples(&self) -> Result<u32, FiguresError> {
        let drawn = self.whole("samples_per_challenge_count")?;
        let unit_bytes = self.whole("unit_bytes")?;
        let count = self.row.get("units_count").and_then(Value::as_u64).filter(|&count| count > 0);
        let all = count == Some(drawn);
        let most = match self.asked.filter(|&asked| all || drawn >= asked) {
            Some(asked) => {
                let units = (LARGE_BYTES / unit_bytes.max(1)).max(1);
                let deeper = count.map_or(0, |count| units.ilog2().saturating_sub(count.ilog2()));
                let opened_bytes = self.number("proof_bytes")?.max(1.0) / drawn.max(1) as f64;
                let sample_bytes = opened_bytes + f64::from(NODE_BYTES * deeper);
                // A cast saturates.
                asked.max((PROOF_BYTES as f64 / sample_bytes) as u64)
            }
            None => drawn,
        };
        Ok(u32::try_from(most).unwrap_or(u32::MAX))
    }

    fn number(&self, column: &'static str) -> Result<f64, FiguresError> {
        self.row.get(column).and_then(Value::as_f64).ok_or_else(|| self.missing(column))
    }

    fn whole(&self, column: &'static str) -> Result<u64, FiguresError> {
        // A median of whole numbers may lie between two of them; a cast saturates.
        self.number(column).map(|number| number.ceil() as u64)
    }

    /// Why there is no such figure, as the row itself says.
    fn missing(&self, column: &'static str) -> FiguresError {
        let text = |key: &str| self.row.get(key).and_then(Value::as_str).map(str::to_owned);
        let flags = self.row.get("flags").and_then(Value::as_array);
        let flagged =
            flags.into_iter().flatten().filter_map(Value::as_str).find(|flag| flag.starts_with(column));
        let why = text("failure").or_else(|| flagged.map(str::to_owned));
        let why = why.unwrap_or_else(|| "it was not measured on that machine".into());
        FiguresError::Missing { scheme: self.scheme.to_owned(), column, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row() -> Value {
        json!({
            "name": "proof-some", "params": "{\"n\":2}", "failure": null, "flags": [], "unit_bytes": 1024,
            "samples_per_challenge_count": 20, "fill_mib_per_cpu_s": 500.0, "unit_regenerate_us": 12.5,
            "unit_regenerates_alone": true, "prove_cold_p50_ms": 2.75, "prove_warm_p50_ms": 0.75,
            "prove_read_bytes": 25_000.0, "verify_us": 300.0, "proof_bytes": 5760.5, "not_eligible_fraction": 0.25,
        })
    }

    fn read(rows: &[Value], scheme: &str, params: Option<&Value>) -> Result<SchemeFigures, String> {
        let table = json!({ "schemes": rows }).to_string();
        SchemeFigures::from_compare(&table, scheme, params).map_err(|error| error.to_string())
    }

    #[test]
    fn a_row_of_the_table_gives_the_figures_in_our_units() {
        let figures = read(&[row()], "proof-some", None).unwrap();
        let expected = SchemeFigures {
            name: "proof-some".into(),
            params: json!({"n": 2}),
            unit_bytes: 1024,
            most_samples: 20,
            fill_cpu_us_per_mib: 2_000.0,
            unit_regenerate_us: 12.5,
            unit_regenerates_alone: true,
            sample_read_us: 100.0,
            sample_read_bytes: 1_250,
            prove_us: 750.0,
            verify_us: 300.0,
            proof_bytes: 5_761,
            not_eligible_fraction: 0.25,
            identity_bound: true,
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn what_was_asked_and_how_many_units_there_were_bound_no_larger_audit() {
        let most = |units: u64, drawn: u64| {
            let mut row = row();
            (row["units_count"], row["samples_per_challenge_count"]) = (json!(units), json!(drawn));
            let table = json!({ "schemes": [row], "assumptions": { "samples": 20 } }).to_string();
            SchemeFigures::from_compare(&table, "proof-some", None).unwrap().most_samples
        };
        // 65536 / (5760.5 / 3 + 32 × 29) and 65536 / (5760.5 / 20 + 32 × 24): a tebibyte has 2^30 units.
        assert_eq!((most(3, 3), most(64, 20)), (23, 62), "it may draw more");
        assert_eq!(most(64, 3), 3, "it refused more");
    }

    #[test]
    fn parameters_choose_among_rows_of_one_scheme() {
        let mut other = row();
        (other["params"], other["unit_bytes"]) = (json!({"n": 4}), json!(2048));
        let rows = [row(), other];
        let unit_bytes =
            |params: &Value| read(&rows, "proof-some", Some(params)).map(|found| found.unit_bytes);
        assert_eq!((unit_bytes(&json!({"n": 2})), unit_bytes(&json!({"n": 4}))), (Ok(1024), Ok(2048)));
        assert_eq!(
            unit_bytes(&json!({"n": 8})).unwrap_err(),
            "there are no figures of `proof-some with {\"n\":8}`: there are those of proof-some with {\"n\":2}, proof-some with \
             {\"n\":4}; measure it with `plimsoll compare --json --schemes proof-some with {\"n\":8}` and name the file with --figures"
        );
    }

    #[test]
    fn what_is_missing_is_told_with_the_rows_own_reason() {
        let without = |key: &str, value: Value| {
            let mut row = row();
            row[key] = Value::Null;
            row["flags"] = value;
            read(&[row], "proof-some", None).unwrap_err()
        };
        assert_eq!(
            without("verify_us", json!(["verify_us: 5 repeats disagree by 31 %, up to 25 % are printed"])),
            "the figures of `proof-some` have no `verify_us`: verify_us: 5 repeats disagree by 31 %, up to 25 % are printed; \
             measure it again on a quiet machine"
        );
        assert!(without("prove_cold_p50_ms", json!([])).contains("it was not measured on that machine"));
        assert_eq!(
            SchemeFigures::from_compare("{}", "a", None).unwrap_err().to_string(),
            "not the output of `plimsoll compare --json`: there is no list `schemes`"
        );
    }
}
