//! The legacy JSON-RPC, as far as a client of ours asks for it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use serde_json::{Value, json};
use soketto::handshake::Server;
use soketto::handshake::server::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use crate::blocks::{Blocks, Rejected};

type Sender = soketto::Sender<Compat<TcpStream>>;

/// A node that listens.
pub(crate) struct Listening {
    pub(crate) at: SocketAddr,
    listener: TcpListener,
    blocks: Rc<RefCell<Blocks>>,
}

/// A JSON-RPC error: its code, and what is said.
struct Failed(i32, String, Option<String>);

/// On a free port of loopback.
pub(crate) async fn listen(blocks: Blocks) -> std::io::Result<Listening> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(Listening { at: listener.local_addr()?, listener, blocks: Rc::new(RefCell::new(blocks)) })
}

impl Listening {
    /// Serves every connection there is.
    pub(crate) async fn serve(self) {
        let all = LocalSet::new();
        let accepting = async {
            while let Ok((stream, _)) = self.listener.accept().await {
                spawn_local(converse(stream, Rc::clone(&self.blocks)));
            }
        };
        all.run_until(accepting).await;
    }
}

/// One connection, to its end.
async fn converse(stream: TcpStream, blocks: Rc<RefCell<Blocks>>) -> Option<()> {
    let mut server = Server::new(stream.compat());
    let key = server.receive_request().await.ok()?.key();
    server.send_response(&Response::Accept { key, protocol: None }).await.ok()?;
    let (mut sender, mut receiver) = server.into_builder().finish();
    loop {
        let mut message = Vec::new();
        receiver.receive_data(&mut message).await.ok()?;
        let request: Value = serde_json::from_slice(&message).ok()?;
        let (method, id) = (request["method"].as_str()?, &request["id"]);
        let params = request["params"].as_array().cloned().unwrap_or_default();
        let answer = answer(&mut blocks.borrow_mut(), method, &params);
        let watched = answer.is_ok() && method == "author_submitAndWatchExtrinsic";
        match answer {
            Ok(hash) if watched => {
                send(&mut sender, &json!({ "jsonrpc": "2.0", "id": id, "result": "watched" })).await?;
                for status in [json!("ready"), json!({ "inBlock": hash }), json!({ "finalized": hash })] {
                    let params = json!({ "subscription": "watched", "result": status });
                    let method = "author_extrinsicUpdate";
                    send(&mut sender, &json!({ "jsonrpc": "2.0", "method": method, "params": params }))
                        .await?;
                }
            }
            Ok(result) => send(&mut sender, &json!({ "jsonrpc": "2.0", "id": id, "result": result })).await?,
            Err(Failed(code, message, data)) => {
                let error = json!({ "code": code, "message": message, "data": data });
                send(&mut sender, &json!({ "jsonrpc": "2.0", "id": id, "error": error })).await?;
            }
        }
    }
}

async fn send(sender: &mut Sender, message: &Value) -> Option<()> {
    sender.send_text(message.to_string()).await.ok()?;
    sender.flush().await.ok()
}

fn answer(blocks: &mut Blocks, method: &str, params: &[Value]) -> Result<Value, Failed> {
    let newest = blocks.newest().1;
    match method {
        "chain_getFinalizedHead" => Ok(hex0x(&newest)),
        "chain_getBlockHash" => Ok(match params.first().and_then(Value::as_u64) {
            Some(number) => blocks.hash_of(number).map_or(Value::Null, |hash| hex0x(&hash)),
            None => hex0x(&newest),
        }),
        "chain_getHeader" => {
            let number = blocks.number_of(&bytes(params, 0)?);
            let nothing = hex0x(&[0; 32]);
            Ok(number.map_or(Value::Null, |number| {
                json!({
                    "parentHash": nothing,
                    "number": format!("{number:#x}"),
                    "stateRoot": nothing,
                    "extrinsicsRoot": nothing,
                    "digest": { "logs": [] },
                })
            }))
        }
        "chain_getBlock" => {
            let all = blocks.transactions(&bytes(params, 0)?).map(|all| all.iter().map(|one| hex0x(one)));
            Ok(all.map_or(Value::Null, |all| json!({ "block": { "extrinsics": all.collect::<Vec<_>>() } })))
        }
        "state_getRuntimeVersion" => {
            let (spec, transactions) = blocks.version();
            Ok(json!({ "specVersion": spec, "transactionVersion": transactions, "apis": [] }))
        }
        "state_call" => {
            let function = params.first().and_then(Value::as_str).ok_or_else(unread)?;
            let done = blocks.call(function, &bytes(params, 1)?, &bytes(params, 2)?);
            done.map(|answer| hex0x(&answer)).map_err(|why| missing(function, &why))
        }
        "state_queryStorageAt" => {
            let at = bytes(params, 1)?;
            let state = blocks.state(&at).ok_or_else(|| broken("there is no such block"))?;
            let keys = params[0].as_array().ok_or_else(unread)?;
            let value = |key: &Value| state.get(&decoded(key)?).map(|value| hex0x(value));
            let changes: Vec<_> = keys.iter().map(|key| json!([key, value(key)])).collect();
            Ok(json!([{ "block": hex0x(&at), "changes": changes }]))
        }
        "state_getKeysPaged" => {
            let (prefix, at) = (bytes(params, 0)?, bytes(params, 3)?);
            let state = blocks.state(&at).ok_or_else(|| broken("there is no such block"))?;
            let after = params.get(2).and_then(decoded);
            let most = params.get(1).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
            let all = state.keys().filter(|key| key.starts_with(&prefix));
            let all = all.filter(|key| after.as_ref().is_none_or(|after| *key > after));
            Ok(all.take(most.ok_or_else(unread)?).map(|key| hex0x(key)).collect())
        }
        "system_accountNextIndex" => {
            let text = params.first().and_then(Value::as_str).ok_or_else(unread)?;
            let account = account_of(text).ok_or_else(unread)?;
            let done = blocks.call("AccountNonceApi_account_nonce", &account, &newest);
            let nonce = done.map_err(|why| broken(&why))?;
            let nonce: [u8; 4] = nonce.as_slice().try_into().map_err(|_| unread())?;
            Ok(json!(u32::from_le_bytes(nonce)))
        }
        "author_submitExtrinsic" | "author_submitAndWatchExtrinsic" => submit(blocks, &bytes(params, 0)?),
        "author_unwatchExtrinsic" => Ok(json!(true)),
        // As other nodes for tests have them.
        "dev_setStorage" => {
            let pairs = params.first().and_then(Value::as_array).ok_or_else(unread)?;
            for pair in pairs {
                let (key, value) = pair_of(pair).ok_or_else(unread)?;
                blocks.patch(key, value);
            }
            Ok(hex0x(&newest))
        }
        "dev_newBlock" => {
            let made = blocks.make(None).map_err(|why| broken(&why))?;
            made.map(|hash| hex0x(&hash)).map_err(|why| turned_down(&why))
        }
        _ => Err(Failed(-32601, "Method not found".into(), None)),
    }
}

/// Takes a transaction into a block of its own, or says as a node does why not.
fn submit(blocks: &mut Blocks, transaction: &[u8]) -> Result<Value, Failed> {
    blocks.validate(transaction).map_err(|why| broken(&why))?.map_err(|why| turned_down(&why))?;
    let made = blocks.make(Some(transaction)).map_err(|why| broken(&why))?;
    made.map(|hash| hex0x(&hash)).map_err(|why| turned_down(&why))
}

/// The words of a node for a `TransactionValidityError`.
fn turned_down(Rejected(why): &Rejected) -> Failed {
    let invalid = |why: &str| Failed(1010, "Invalid Transaction".into(), Some(why.into()));
    match why.as_slice() {
        [0, 0] => invalid("Transaction call is not expected"),
        [0, 1] => invalid("Inability to pay some fees (e.g. account balance too low)"),
        [0, 2] => invalid("Transaction will be valid in the future"),
        [0, 3] => invalid("Transaction is outdated"),
        [0, 4] => invalid("Transaction has a bad signature"),
        [0, 5] => invalid("Transaction has an ancient birth block"),
        [0, 6] => invalid("Transaction would exhaust the block limits"),
        [0, 7, number] => invalid(&format!("Custom error: {number}")),
        other => Failed(1011, "Unknown Transaction Validity".into(), Some(format!("{other:?}"))),
    }
}

fn missing(function: &str, why: &str) -> Failed {
    let why = match why.contains("not found") || why.contains("NotFound") || why.contains("FunctionNotFound")
    {
        true => format!("Client error: Execution failed: Exported method {function} is not found"),
        false => format!("Client error: Execution failed: {why}"),
    };
    Failed(4003, why, None)
}

fn broken(why: &str) -> Failed {
    Failed(-32603, format!("Internal error: {why}"), None)
}

fn unread() -> Failed {
    Failed(-32602, "Invalid params".into(), None)
}

/// A key, and a value or null to remove it.
fn pair_of(pair: &Value) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let value = if pair[1].is_null() { None } else { Some(decoded(&pair[1])?) };
    Some((decoded(&pair[0])?, value))
}

fn hex0x(bytes: &[u8]) -> Value {
    json!(format!("0x{}", hex::encode(bytes)))
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?.strip_prefix("0x")?).ok()
}

fn bytes(params: &[Value], place: usize) -> Result<Vec<u8>, Failed> {
    params.get(place).and_then(decoded).ok_or_else(unread)
}

/// The account of an address: base 58 of a prefix of one byte, the account, and two bytes to check by, which are the
/// client's to get right.
fn account_of(text: &str) -> Option<[u8; 32]> {
    const DIGITS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; 35];
    for digit in text.bytes() {
        let mut carry = DIGITS.iter().position(|known| *known == digit)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
    }
    bytes[1..33].try_into().ok()
}
