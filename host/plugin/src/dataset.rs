//! Dataset sources: what a commitment says, what a row is, what a competition asks for.

use std::sync::Arc;

use plimsoll_core::{
    BlockNumber, COMPETITION_BYTES, CheckedRow, CompetitionLimits, DatasetPlace, DayWindow, Decoded,
    Evaluation, NotMine, RowFinding,
};
use wasmtime::Store;

use crate::accessors::loaded_accessors;
use crate::bindings::dataset::exports::plimsoll::plugin::dataset_source as wit;
use crate::bindings::imports::plimsoll::plugin::types;
use crate::error::Refusal;
use crate::instance::{Budget, Place, refused};
use crate::limits::{BATCH_BYTES, BATCH_LINES, COMMITMENT_BYTES, LINE_BYTES, REASON_BYTES};
use crate::loaded::Loaded;
use crate::scheme::promise;
use crate::state::State;
use crate::text::{is_tame, tamed};
use crate::{PluginError, world};

/// The most bytes of a finding's name.
const FINDING_NAME_BYTES: usize = 32;
/// Commitments that one instance decodes: of a whole subnet.
const DECODED_AT_ONCE: usize = 256;
/// A reason that has so many bytes in a row of a commitment is not shown.
const SECRET_BYTES: usize = 8;

/// A loaded dataset source with its parameters. Clones share everything.
#[derive(Clone)]
pub struct DatasetSource {
    loaded: Arc<Loaded<world::Dataset>>,
}

/// One instance of a source, for one thread at a time. Every call runs in a fresh instance: what it
/// decides depends on arguments and parameters alone.
pub struct DatasetSourceInstance(Place<world::Dataset>);

impl DatasetSource {
    pub(crate) fn new(loaded: Loaded<world::Dataset>) -> Self {
        Self { loaded: Arc::new(loaded) }
    }

    /// A new instance.
    ///
    /// # Errors
    /// [`PluginError::Fault`] where it breaks down while it starts.
    pub fn instance(&self) -> Result<DatasetSourceInstance, PluginError> {
        Ok(DatasetSourceInstance(Place::new(Arc::clone(&self.loaded))?))
    }
}

loaded_accessors!(DatasetSource, DatasetSourceInstance);

type Answer = Result<wit::Decoded, types::PluginError>;

impl DatasetSourceInstance {
    /// What a commitment says. One of more than [`COMMITMENT_BYTES`](crate::COMMITMENT_BYTES) is of another form.
    ///
    /// Nothing that an error or a reason says repeats eight bytes of the commitment: it may be a secret.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for a dataset that could not be asked for safely, see
    /// [`DatasetPlace::check`]; else the plugin's.
    pub fn decode(&mut self, commitment: &[u8], block: BlockNumber) -> Result<Decoded, PluginError> {
        if commitment.len() > COMMITMENT_BYTES {
            return Ok(Decoded::NotMine(NotMine::Foreign));
        }
        let budget = Budget::pure("decode", self.0.loaded().limits().fuel.decode);
        let answer = self.0.call_fresh(budget, |source, store| ask(source, store, commitment, block))?;
        said(self.name(), commitment, answer)
    }

    /// The same of many, in order, for little more than one: they share an instance. Where that breaks down, each is
    /// asked about in one of its own.
    pub fn decode_all(&mut self, commitments: &[(&[u8], BlockNumber)]) -> Vec<Result<Decoded, PluginError>> {
        commitments.chunks(DECODED_AT_ONCE).flat_map(|some| self.decode_some(some)).collect()
    }

    fn decode_some(&mut self, some: &[(&[u8], BlockNumber)]) -> Vec<Result<Decoded, PluginError>> {
        let fuel = self.0.loaded().limits().fuel.decode.saturating_mul(some.len() as u64);
        let answers = self.0.call_fresh(Budget::pure("decode", fuel), |source, store| {
            let one = |(commitment, block): &(&[u8], BlockNumber)| match commitment.len() {
                0..=COMMITMENT_BYTES => ask(source, store, commitment, *block),
                _ => Ok(Ok(wit::Decoded::NotMine(wit::NotMine::Foreign))),
            };
            some.iter().map(one).collect::<wasmtime::Result<Vec<Answer>>>()
        });
        match answers {
            Ok(answers) => some
                .iter()
                .zip(answers)
                .map(|((commitment, _), answer)| said(self.name(), commitment, answer))
                .collect(),
            Err(_) => some.iter().map(|(commitment, block)| self.decode(commitment, *block)).collect(),
        }
    }

    /// The commitment that names a dataset; [`Refusal::Unsupported`] from a source that cannot tell.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for one that is too long to be decoded; else the plugin's.
    pub fn encode(
        &mut self,
        namespace: &str,
        revision: &str,
        competition: &str,
    ) -> Result<Vec<u8>, PluginError> {
        let budget = Budget::pure("encode", self.0.loaded().limits().fuel.decode);
        let answer = self.0.call_fresh(budget, |source, store| {
            source.call_encode(store, namespace, revision, competition)
        })?;
        let bytes = refused(self.name(), budget.call, answer)?;
        let kept = match bytes.len() {
            0..=COMMITMENT_BYTES => Ok(()),
            found => Err(format!("the commitment has {found} bytes, at most {COMMITMENT_BYTES}")),
        };
        promise(self.name(), budget.call, bytes, kept)
    }

    /// What each line of a file is, in order. A line comes without its end; one of more than
    /// [`LINE_BYTES`](crate::LINE_BYTES) is no row, whatever the plugin would say.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for an answer that has not one row a line, or a row whose identity is not 16 bytes;
    /// else the plugin's.
    pub fn check_rows(&mut self, lines: &[&[u8]], competition: &str) -> Result<Vec<CheckedRow>, PluginError> {
        let mut rows = Vec::with_capacity(lines.len());
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        for line in lines {
            let is_full = batch.len() == BATCH_LINES || batch_bytes + line.len() > BATCH_BYTES;
            if is_full || line.len() > LINE_BYTES {
                rows.extend(self.check_batch(&std::mem::take(&mut batch), competition)?);
                batch_bytes = 0;
            }
            if line.len() > LINE_BYTES {
                rows.push(too_long(line.len()));
            } else {
                batch_bytes += line.len();
                batch.push(line.to_vec());
            }
        }
        rows.extend(self.check_batch(&batch, competition)?);
        Ok(rows)
    }

    fn check_batch(&mut self, lines: &[Vec<u8>], competition: &str) -> Result<Vec<CheckedRow>, PluginError> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let budget = Budget::pure("check-rows", self.0.loaded().limits().fuel.check_rows);
        let answer =
            self.0.call_fresh(budget, |source, store| source.call_check_rows(store, lines, competition))?;
        let answer = refused(self.name(), budget.call, answer)?;
        let rows = match answer.len() == lines.len() {
            true => answer.into_iter().map(row).collect::<Result<Vec<_>, _>>(),
            false => Err(format!("{} rows for {} lines", answer.len(), lines.len())),
        };
        rows.or_else(|broken| promise(self.name(), budget.call, Vec::new(), Err(broken)))
    }

    /// What the competition `id` asks for; `None` where it is not known, or no identifier at all.
    ///
    /// # Errors
    /// [`PluginError::Promise`] for limits that cannot be kept, see [`CompetitionLimits::check`]; else the plugin's.
    pub fn competition(&mut self, id: &str) -> Result<Option<CompetitionLimits>, PluginError> {
        if id.len() > COMPETITION_BYTES || !is_tame(id) {
            return Ok(None);
        }
        let budget = Budget::pure("competition", self.0.loaded().limits().fuel.decode);
        let answer = self.0.call_fresh(budget, |source, store| source.call_competition(store, id))?;
        let limits = refused(self.name(), budget.call, answer)?.map(limits);
        let kept = limits.as_ref().map_or(Ok(()), CompetitionLimits::check);
        promise(self.name(), budget.call, limits, kept)
    }
}

/// One call of `decode`, during which nothing that the plugin says is shown.
fn ask(
    source: &wit::Guest,
    store: &mut Store<State>,
    commitment: &[u8],
    block: BlockNumber,
) -> wasmtime::Result<Answer> {
    store.data_mut().log.mute();
    source.call_decode(store, commitment, block.0)
}

/// What the plugin made of a commitment, without any word of the commitment itself where it is not decoded.
fn said(plugin: &str, commitment: &[u8], answer: Answer) -> Result<Decoded, PluginError> {
    const CALL: &str = "decode";
    let decoded = match refused(plugin, CALL, answer) {
        Ok(wit::Decoded::Source(source)) => Decoded::Dataset(place(source)),
        Ok(wit::Decoded::NotMine(why)) => Decoded::NotMine(not_mine(why, commitment)),
        Err(PluginError::Refused { plugin, call, why }) if repeats(&why.to_string(), commitment) => {
            let why = Refusal::Internal("its reason repeats the commitment and is not shown".into());
            return Err(PluginError::Refused { plugin, call, why });
        }
        Err(error) => return Err(error),
    };
    let kept = match &decoded {
        Decoded::Dataset(place) => place.check(),
        Decoded::NotMine(_) => Ok(()),
    };
    promise(plugin, CALL, decoded, kept)
}

fn place(from: wit::Source) -> DatasetPlace {
    let wit::Source { namespace, revision, pinned, competition, path } = from;
    DatasetPlace { namespace, revision, pinned, competition, path }
}

fn not_mine(from: wit::NotMine, commitment: &[u8]) -> NotMine {
    match from {
        wit::NotMine::None => NotMine::None,
        wit::NotMine::Foreign => NotMine::Foreign,
        wit::NotMine::Malformed(why) if repeats(&why, commitment) => NotMine::Malformed(String::new()),
        wit::NotMine::Malformed(why) => NotMine::Malformed(tamed(why, REASON_BYTES)),
        wit::NotMine::Encrypted(round) => NotMine::Encrypted(round),
    }
}

/// Whether `text` has [`SECRET_BYTES`] bytes in a row of `commitment`, or all of a shorter one.
fn repeats(text: &str, commitment: &[u8]) -> bool {
    let length = SECRET_BYTES.min(commitment.len());
    length > 0
        && commitment.windows(length).any(|part| text.as_bytes().windows(length).any(|said| said == part))
}

fn row(from: wit::Row) -> Result<CheckedRow, String> {
    Ok(match from {
        wit::Row::Valid(id) => CheckedRow::Valid(identity(&id)?),
        wit::Row::Flawed((id, what)) => CheckedRow::Flawed(identity(&id)?, finding(what)?),
        wit::Row::Invalid(what) => CheckedRow::Invalid(finding(what)?),
    })
}

fn identity(bytes: &[u8]) -> Result<[u8; 16], String> {
    bytes.try_into().map_err(|_| format!("a row's identity has {} bytes, not 16", bytes.len()))
}

fn finding(from: wit::Finding) -> Result<RowFinding, String> {
    let wit::Finding { name, what } = from;
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > FINDING_NAME_BYTES || !name.bytes().all(is_word) {
        let name = crate::text::tame(&name, 64);
        return Err(format!(
            "a finding is called `{name}`, expected 1 to {FINDING_NAME_BYTES} lower-case letters, digits and dashes"
        ));
    }
    Ok(RowFinding { name, what: tamed(what, REASON_BYTES) })
}

fn too_long(bytes: usize) -> CheckedRow {
    let what = format!("the line has {bytes} bytes, at most {LINE_BYTES} are looked at");
    CheckedRow::Invalid(RowFinding { name: "too-long".into(), what })
}

fn limits(from: wit::Limits) -> CompetitionLimits {
    let wit::Limits { rows, shared_rows, evaluation, window } = from;
    let evaluation =
        evaluation.map(|wit::Evaluation { namespace, revision }| Evaluation { namespace, revision });
    let window = window.map(|wit::Window { opens_minute, closes_minute, pays_minute }| DayWindow {
        opens_minute,
        closes_minute,
        pays_minute,
    });
    CompetitionLimits { rows, shared_rows, evaluation, window }
}
