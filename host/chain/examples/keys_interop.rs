//! Wallets, hashes and timelocked weights for a program in another language: a JSON object a line on standard
//! input, one a line on standard output. `interop/run` speaks with it from Python.
//!
//! `cargo run --example keys_interop -p plimsoll-chain`

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use plimsoll_chain::reveal::WeightsPreimage;
use plimsoll_chain::timelock::{DrandRound, EpochSchedule, RoundSignature, TimelockedWeights, open, seal};
use plimsoll_chain::wallet::{KeyOrigin, Password, Wallet};
use plimsoll_core::{BlockNumber, Hotkey, Keypair, NetUid, Signature, Uid, verify_signature};
use serde::Deserialize;
use serde_json::{Value, json};

type Answer = Result<Value, Box<dyn Error>>;

/// A wallet by its names.
#[derive(Deserialize)]
struct Named {
    path: PathBuf,
    name: String,
    hotkey: String,
}

/// Weights to seal or to hash.
#[derive(Deserialize)]
struct Weights {
    hotkey: String,
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Request {
    Hotkey {
        wallet: Named,
    },
    CreateHotkey {
        wallet: Named,
    },
    ImportHotkey {
        wallet: Named,
        mnemonic: Option<String>,
        seed: Option<String>,
    },
    Coldkey {
        wallet: Named,
        password_file: Option<PathBuf>,
    },
    ImportColdkey {
        wallet: Named,
        mnemonic: String,
        password_file: Option<PathBuf>,
    },
    Sign {
        wallet: Named,
        message: String,
    },
    Verify {
        address: String,
        message: String,
        signature: String,
    },
    Seal {
        message: String,
        round: u64,
    },
    Open {
        bytes: String,
        signature: String,
    },
    VerifyRound {
        round: u64,
        signature: String,
    },
    SealWeights {
        weights: Weights,
        round: u64,
    },
    OpenWeights {
        bytes: String,
        signature: String,
    },
    HashWeights {
        weights: Weights,
        index: u16,
        salt: Vec<u16>,
    },
    CountedRound {
        last_epoch: u64,
        pending: u64,
        index: u64,
        tempo: u64,
        since_step: u64,
        head: u64,
        period: u64,
        block_ms: u64,
        now_ms: u64,
    },
    ModuloRound {
        tempo: u64,
        netuid: u16,
        head: u64,
        period: u64,
        block_ms: u64,
        now_ms: u64,
    },
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request: Result<Request, _> = serde_json::from_str(&line?);
        let answer = request.map_err(Into::into).and_then(answer);
        let answer = answer.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(request: Request) -> Answer {
    match request {
        Request::Seal { message, round } => {
            Ok(json!({ "bytes": hex::encode(seal(&hex::decode(message)?, DrandRound(round))?) }))
        }
        Request::Open { bytes, signature } => {
            let signature: RoundSignature = signature.parse()?;
            Ok(json!({ "message": hex::encode(open(&hex::decode(bytes)?, &signature)?) }))
        }
        Request::VerifyRound { round, signature } => {
            let signature: RoundSignature = signature.parse()?;
            Ok(json!({ "verifies": signature.verify(DrandRound(round)) }))
        }
        Request::SealWeights { weights, round } => {
            let (hotkey, version_key) = (weights.hotkey.parse()?, weights.version_key);
            let weights = TimelockedWeights { hotkey, weights: pairs(&weights), version_key };
            Ok(json!({ "bytes": hex::encode(weights.seal(DrandRound(round))?) }))
        }
        Request::OpenWeights { bytes, signature } => {
            let opened = TimelockedWeights::open(&hex::decode(bytes)?, &signature.parse()?)?;
            let (uids, values): (Vec<u16>, Vec<u16>) =
                opened.weights.into_iter().map(|(uid, value)| (uid.0, value)).unzip();
            let version_key = opened.version_key;
            Ok(json!({ "hotkey": opened.hotkey, "uids": uids, "values": values, "version_key": version_key }))
        }
        Request::HashWeights { weights, index, salt } => {
            let (hotkey, version_key) = (weights.hotkey.parse()?, weights.version_key);
            let preimage = WeightsPreimage { hotkey, index, weights: pairs(&weights), salt, version_key };
            Ok(json!({ "hash": preimage.hash() }))
        }
        Request::Verify { address, message, signature } => {
            let (signer, signature): (Hotkey, Signature) = (address.parse()?, signature.parse()?);
            Ok(json!({ "verifies": verify_signature(&signer, message.as_bytes(), &signature) }))
        }
        rounds @ (Request::CountedRound { .. } | Request::ModuloRound { .. }) => round(&rounds),
        wallets => wallet(wallets),
    }
}

fn round(request: &Request) -> Answer {
    let round = match *request {
        Request::CountedRound {
            last_epoch,
            pending,
            index,
            tempo,
            since_step,
            head,
            period,
            block_ms,
            now_ms,
        } => EpochSchedule::Counted {
            tempo_blocks: tempo,
            last_epoch: BlockNumber(last_epoch),
            pending: (pending > 0).then_some(BlockNumber(pending)),
            index,
            since_step_blocks: since_step,
        }
        .reveal_round(BlockNumber(head), period, block_ms, now_ms)?,
        Request::ModuloRound { tempo, netuid, head, period, block_ms, now_ms } => {
            EpochSchedule::Modulo { tempo_blocks: tempo, netuid: NetUid(netuid) }.reveal_round(
                BlockNumber(head),
                period,
                block_ms,
                now_ms,
            )?
        }
        _ => return Err("this is no question for a round".into()),
    };
    Ok(json!({ "round": round }))
}

fn wallet(request: Request) -> Answer {
    match request {
        Request::Hotkey { wallet } => Ok(told(&wallet.open()?.hotkey()?)),
        Request::CreateHotkey { wallet } => {
            let made = wallet.open()?.create_hotkey()?;
            Ok(json!({ "address": made.keypair.hotkey(), "mnemonic": made.mnemonic.reveal() }))
        }
        Request::ImportHotkey { wallet, mnemonic, seed } => {
            let origin = match (mnemonic, seed) {
                (Some(words), None) => KeyOrigin::mnemonic(&words)?,
                (None, Some(seed)) => KeyOrigin::seed(&seed)?,
                _ => return Err("either a mnemonic or a seed".into()),
            };
            Ok(json!({ "address": wallet.open()?.import_hotkey(&origin)?.address }))
        }
        Request::Coldkey { wallet, password_file } => {
            let password = password_file.map(|path| Password::from_file(&path)).transpose()?;
            Ok(told(&wallet.open()?.coldkey(password.as_ref())?))
        }
        Request::ImportColdkey { wallet, mnemonic, password_file } => {
            let password = password_file.map(|path| Password::from_file(&path)).transpose()?;
            let origin = KeyOrigin::mnemonic(&mnemonic)?;
            Ok(json!({ "address": wallet.open()?.import_coldkey(&origin, password.as_ref())?.address }))
        }
        Request::Sign { wallet, message } => {
            Ok(json!({ "signature": wallet.open()?.hotkey()?.sign(message.as_bytes()) }))
        }
        _ => Err("this is no question for a wallet".into()),
    }
}

impl Named {
    fn open(&self) -> Result<Wallet, plimsoll_chain::ChainError> {
        Wallet::at(&self.path, &self.name, &self.hotkey)
    }
}

fn told(key: &Keypair) -> Value {
    json!({ "address": key.hotkey() })
}

fn pairs(weights: &Weights) -> Vec<(Uid, u16)> {
    weights.uids.iter().map(|&uid| Uid(uid)).zip(weights.values.iter().copied()).collect()
}
