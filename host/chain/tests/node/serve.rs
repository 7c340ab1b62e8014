//! The node over real websockets on loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use plimsoll_core::Digest;
use serde_json::{Value, json};
use soketto::handshake::Server;
use soketto::handshake::server::Response;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::answers::header_at;
use super::{Act, Node, RpcError};

type Sender = soketto::Sender<Compat<TcpStream>>;

/// A node that is being served, until this is dropped.
pub(crate) struct Served {
    pub(crate) at: SocketAddr,
    pub(crate) node: Node,
    /// Kept, so that nobody else gets the port meanwhile.
    listener: Arc<TcpListener>,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(node: Node) -> Self {
        Self::start_at(node, "127.0.0.1:0".parse().unwrap()).await
    }

    /// At an address that is free, or soon will be.
    pub(crate) async fn start_at(node: Node, at: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let at = listener.local_addr().unwrap();
        let listener = Arc::new(listener);
        Self { at, task: tokio::spawn(accept(Arc::clone(&listener), node.clone())), listener, node }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.at)
    }

    /// The same address with another node behind it, once every connection to this one has ended.
    pub(crate) async fn become_node(&mut self, node: Node) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.task = tokio::spawn(accept(Arc::clone(&self.listener), node.clone()));
        self.node = node;
    }

    /// Every connection ends, and no more are taken.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: Arc<TcpListener>, node: Node) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, node.clone()));
    }
}

/// One connection, to its end.
async fn converse(stream: TcpStream, node: Node) -> Option<()> {
    let mut server = Server::new(stream.compat());
    let key = server.receive_request().await.ok()?.key();
    let status = node.inner().faults.handshake();
    if let Some(status_code) = status {
        return server.send_response(&Response::Reject { status_code }).await.ok();
    }
    server.send_response(&Response::Accept { key, protocol: None }).await.ok()?;
    let (sender, mut receiver) = server.into_builder().finish();
    let talk = Talk { sender: Arc::new(Mutex::new(sender)), node };
    let mut subscriptions = JoinSet::new();
    loop {
        let mut message = Vec::new();
        receiver.receive_data(&mut message).await.ok()?;
        let request: Value = serde_json::from_slice(&message).ok()?;
        let method = request["method"].as_str()?.to_owned();
        let (act, latency) = {
            let mut inner = talk.node.inner();
            inner.asked.push(method.clone());
            (inner.faults.take(&method), inner.latency)
        };
        if let Some(latency) = latency {
            tokio::time::sleep(latency).await;
        }
        let mut ends_after = None;
        match act {
            Some(Act::Drop) => return None,
            Some(Act::Stall) => continue,
            Some(Act::Swallow) => {
                let bytes = hex::decode(request["params"][0].as_str()?.strip_prefix("0x")?).ok()?;
                talk.node.take(&bytes).await.ok()?;
                return None;
            }
            Some(Act::Late(by)) => tokio::time::sleep(by).await,
            Some(Act::DropAfter(count)) => ends_after = Some(count),
            Some(Act::Nonsense(text)) => {
                talk.reply(&request, Ok(json!(text))).await?;
                continue;
            }
            Some(error @ Act::Error(..)) => {
                talk.reply(&request, Err(error.error()?)).await?;
                continue;
            }
            None => {}
        }
        if method == "author_submitAndWatchExtrinsic" {
            talk.take(&request, ends_after).await?;
        } else if method == "chain_subscribeFinalizedHeads" || method == "state_subscribeRuntimeVersion" {
            if !talk.node.inner().tells {
                talk.reply(&request, Err(RpcError::new(-32601, "Method not found", None))).await?;
                continue;
            }
            let id = talk.subscribed(&request).await?;
            if ends_after.is_some() {
                return None;
            }
            subscriptions.spawn(talk.clone().tell(method, id));
        } else {
            let params = request["params"].as_array().cloned().unwrap_or_default();
            let answer = talk.node.answer(&method, &params).await;
            talk.reply(&request, answer).await?;
        }
    }
}

/// One side of a connection.
#[derive(Clone)]
struct Talk {
    sender: Arc<Mutex<Sender>>,
    node: Node,
}

impl Talk {
    async fn reply(&self, request: &Value, answer: Result<Value, RpcError>) -> Option<()> {
        let id = &request["id"];
        self.send(&match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(RpcError { code, message, data }) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message, "data": data } })
            }
        })
        .await
    }

    async fn subscribed(&self, request: &Value) -> Option<String> {
        let id = format!("subscription-{}", request["id"]);
        self.reply(request, Ok(json!(id))).await?;
        Some(id)
    }

    async fn notify(&self, method: &str, id: &str, result: Value) -> Option<()> {
        let params = json!({ "subscription": id, "result": result });
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await
    }

    /// Takes a transaction, and tells what becomes of it.
    async fn take(&self, request: &Value, ends_after: Option<usize>) -> Option<()> {
        let bytes = hex::decode(request["params"][0].as_str()?.strip_prefix("0x")?).ok()?;
        let block = match self.node.take(&bytes).await {
            Err(error) => return self.reply(request, Err(error)).await,
            Ok(block) => block,
        };
        let id = self.subscribed(request).await?;
        for (count, status) in statuses(&self.node, block).into_iter().enumerate() {
            if ends_after == Some(count) {
                return None;
            }
            let pause = self.node.inner().status_pause;
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            self.notify("author_extrinsicUpdate", &id, status).await?;
        }
        Some(())
    }

    /// Tells the newest head or version, now and whenever there is news.
    async fn tell(self, method: String, id: String) -> Option<()> {
        let mut news = self.node.news.subscribe();
        loop {
            let result = match method.as_str() {
                "chain_subscribeFinalizedHeads" => header_at(self.node.head().await.0),
                _ => self.node.version(),
            };
            self.notify(&method, &id, result).await?;
            news.changed().await.ok()?;
        }
    }

    async fn send(&self, message: &Value) -> Option<()> {
        let mut sender = self.sender.lock().await;
        sender.send_text(message.to_string()).await.ok()?;
        sender.flush().await.ok()
    }
}

/// What is told of a transaction that got into `block`.
pub(crate) fn statuses(node: &Node, block: Digest) -> Vec<Value> {
    let hash = format!("0x{block}");
    let mut all = vec![json!("ready"), json!({ "broadcast": ["a"] })];
    let lost = node.inner().loses_sight;
    if let Some(lost) = lost {
        let with_hash = matches!(lost, "usurped" | "finalityTimeout");
        all.push(if with_hash { json!({ lost: hash }) } else { json!(lost) });
        return all;
    }
    all.push(json!({ "inBlock": hash }));
    if !node.inner().never_final {
        all.push(json!({ "finalized": hash }));
    }
    all
}
