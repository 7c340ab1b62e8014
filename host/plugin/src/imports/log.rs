//! `log`: one line to the operator.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use super::interface;
use crate::bindings::imports::plimsoll::plugin::log::Level;
use crate::cost;
use crate::state::{State, charge};

pub(super) fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(&interface("log"))?.func_wrap(
        "log",
        |mut store: StoreContextMut<'_, State>, (level, message): (Level, String)| {
            charge(&mut store, cost::CALL + message.len() as u64)?;
            store.data_mut().log.line(level, &message);
            Ok(())
        },
    )
}
