//! JSON as Python's `json.dumps(json.loads(line), sort_keys=True)` prints it: the text that dataset rows are
//! compared by.

mod id;

pub use id::RowId;
