//! Reads a component's outline without compiling it: what it imports and exports, and how much there is.

use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

use crate::Limits;
use crate::error::Rejection;
use crate::limits::NESTED;
use crate::text::tame;

/// What stands at a component's edge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// Names of imports, in order.
    pub(crate) imports: Vec<String>,
    /// Names of exports, in order.
    pub(crate) exports: Vec<String>,
}

/// The outline of `bytes`.
///
/// # Errors
/// Not WebAssembly, no component, damaged, or with more in it than a plugin has.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Shape, Rejection> {
    match bytes {
        [b'\0', b'a', b's', b'm', rest @ ..] => match rest {
            [_, _, 1, 0, ..] => {}
            [1, 0, 0, 0, ..] => return Err(Rejection::CoreModule),
            [_, _, _, _, ..] => return Err(Rejection::NotWasm),
            _ => {
                return Err(Rejection::Damaged {
                    at: bytes.len(),
                    what: "the file ends in its header".into(),
                });
            }
        },
        _ => return Err(Rejection::NotWasm),
    }
    let mut outline = Outline { shape: Shape::default(), depth: 0, functions: 0, compile_cost: 0, nested: 0 };
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|e| damaged(&e))?;
        outline.take(payload, limits)?;
    }
    Ok(outline.shape)
}

fn damaged(error: &BinaryReaderError) -> Rejection {
    Rejection::Damaged { at: error.offset(), what: tame(error.message(), 200) }
}

struct Outline {
    shape: Shape,
    depth: u32,
    functions: u64,
    compile_cost: u64,
    nested: u32,
}

impl Outline {
    fn take(&mut self, payload: Payload<'_>, limits: &Limits) -> Result<(), Rejection> {
        match payload {
            Payload::Version { encoding, .. } => {
                if self.depth == 0 && encoding != Encoding::Component {
                    return Err(Rejection::CoreModule);
                }
                self.depth += 1;
            }
            Payload::End(_) => self.depth -= 1,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                self.nested += 1;
                at_most("nested modules", self.nested.into(), NESTED.into())?;
            }
            Payload::CodeSectionStart { count, .. } => {
                self.functions += u64::from(count);
                at_most("functions", self.functions, limits.functions.into())?;
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let len = range.end.saturating_sub(range.start) as u64;
                at_most("bytes in one function", len, limits.function_bytes.into())?;
                self.compile_cost = self.compile_cost.saturating_add(len.saturating_mul(len));
                at_most(
                    "units of work for the compiler (squares of its functions' lengths)",
                    self.compile_cost,
                    limits.compile_cost,
                )?;
            }
            Payload::ComponentImportSection(reader) if self.depth == 1 => {
                for import in reader {
                    let import = import.map_err(|e| damaged(&e))?;
                    self.shape.imports.push(import.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(reader) if self.depth == 1 => {
                for export in reader {
                    let export = export.map_err(|e| damaged(&e))?;
                    self.shape.exports.push(export.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn at_most(what: &'static str, found: u64, most: u64) -> Result<(), Rejection> {
    if found > most { Err(Rejection::Bomb { what, found, most }) } else { Ok(()) }
}
