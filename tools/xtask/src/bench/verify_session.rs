//! Over HTTP: verifying a session, and setting an attribute, against a route that parses the same body
//! and answers a constant of the same length behind the same middleware.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use domain::actor::Dialect;
use domain::id::UserId;
use domain::sign_in::ApplicationGates;
use http::{App, request, serve};
use serde_json::{Map, Value};
use service::passwords::Secret;
use service::sign_in::Credentials;
use service::{Caller, Service};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::ground::{self, Ground};
use super::load::{self, CONNECTIONS};
use super::population::{self, Population};
use super::raw::{self, Timed};
use super::table::{Row, Spread};
use super::{Plan, append};
use crate::driving::chance::Chance;
use crate::driving::client::{self, Client};
use crate::driving::{output, zato};

/// People with sessions.
const POPULATION: Population = Population { people: 10_000, attributes: 2, long: 0 };
/// Requests that a connection sends in turn.
const REQUESTS: usize = 64;
/// The same where requests are of several kinds.
const REQUESTS_MIXED: usize = 1_000;
/// Who writes in process, where somebody writes beside.
const WRITERS: usize = 64;

/// The two servers, and what to ask them.
struct Stand {
    ground: Ground,
    runtime: Runtime,
    ours: SocketAddr,
    constant: SocketAddr,
    admin: String,
    machines: Vec<UserId>,
    stop: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.serving.drain(..) {
            // A panic was reported when it happened.
            drop(thread.join());
        }
    }
}

/// Measures.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    output::complain("verify-session");
    let settle = |data: &Path| population::settle(data, POPULATION).map(drop);
    let ground = Ground::prepared("verify-session", settle)?;
    let stand = Stand::raise(ground)?;
    let verify = stand.verifications();
    let mut rows = vec![stand.against("session verify over HTTP", plan, &verify, false)?];
    rows[0].goal = "ratio at least 0.85";
    rows.push(stand.against("session verify beside a busy writer", plan, &verify, true)?);
    let puts = Stand::puts();
    let before = stand.ground.written.now();
    let mut writes = stand.against("attribute set over HTTP", plan, &puts, false)?;
    writes.goal = "ratio at least 0.50";
    let shape = stand.ground.written.shape_since(before);
    writes.note = format!("{}; frames of {:.1} records", writes.note, shape.records);
    rows.push(writes);
    Ok(rows)
}

/// Measures what applications do all day: of a hundred requests 90 verify a session, 6 read an
/// account, 3 set an attribute, 1 logs in.
pub fn measure_mixed(plan: &Plan) -> Result<Vec<Row>> {
    output::complain("mixed");
    let settle = |data: &Path| population::settle(data, POPULATION).map(drop);
    let stand = Stand::raise(Ground::prepared("mixed", settle)?)?;
    let row = stand.against("mixed traffic over HTTP", plan, &stand.mixed(), false)?;
    Ok(vec![row])
}

impl Stand {
    fn raise(ground: Ground) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let service = ground.service.clone();
        let machines = runtime.block_on(ground.machines(WRITERS))?;
        let admin = runtime.block_on(sign_in(&service))?;
        let app = App::new(service, http::Settings::default());
        let (stop, stopped) = watch::channel(false);
        let sockets = ground.beside("sockets")?;
        let serve =
            |router, name: &str| serve_on(&runtime, router, &sockets.join(name), stopped.clone());
        let (ours, our_thread) = serve(http::router(app.clone()), "ours")?;
        let mut asked = Client::connect(ours)?;
        let verified = body_of(&mut asked, zato::VERIFY, &zato::verify_body(&admin, &admin))?;
        let set = body_of(&mut asked, zato::PUT, &zato::put_body(&admin, "visits", 1))?;
        let read = body_of(&mut asked, zato::ACCOUNT, &zato::account_body(&admin))?;
        let credentials = zato::login_body(ground::ADMIN, ground::PASSWORD);
        let opened = body_of(&mut asked, zato::LOGIN, &credentials)?;
        let router = Router::new()
            .route(zato::ACCOUNT.1, get(async move |body| constant(body, &read).await))
            .route(zato::LOGIN.1, post(async move |body| constant(body, &opened).await))
            .route(zato::VERIFY.1, post(async move |body| constant(body, &verified).await))
            .route(zato::PUT.1, put(async move |body| constant(body, &set).await))
            .layer(axum::middleware::from_fn_with_state(app.clone(), request::around))
            .with_state(app);
        let (constant, its_thread) = serve(router, "constant")?;
        let serving = vec![our_thread, its_thread];
        Ok(Self { ground, runtime, ours, constant, admin, machines, stop, serving })
    }

    /// Requests that verify somebody's session, each connection its own.
    fn verifications(&self) -> Vec<Vec<String>> {
        let mut chance = Chance::new(1);
        let mut request = || {
            let target = population::token(chance.below(POPULATION.people));
            let body = zato::verify_body(&self.admin, &target);
            client::request(zato::VERIFY, None, &body.to_string())
        };
        (0..CONNECTIONS).map(|_| (0..REQUESTS).map(|_| request()).collect()).collect()
    }

    /// Requests of every kind, each connection in an order of its own.
    fn mixed(&self) -> Vec<Vec<String>> {
        let mut chance = Chance::new(2);
        let mut request = || {
            let token = population::token(chance.below(POPULATION.people));
            let (call, body) = match chance.below(100) {
                0..90 => (zato::VERIFY, zato::verify_body(&self.admin, &token)),
                90..96 => (zato::ACCOUNT, zato::account_body(&token)),
                96..99 => (zato::PUT, zato::put_body(&token, "visits", chance.below(1_000))),
                _ => (zato::LOGIN, zato::login_body(ground::ADMIN, ground::PASSWORD)),
            };
            client::request(call, None, &body.to_string())
        };
        (0..CONNECTIONS).map(|_| (0..REQUESTS_MIXED).map(|_| request()).collect()).collect()
    }

    /// Requests that set an attribute of one person a connection.
    fn puts() -> Vec<Vec<String>> {
        let request = |person: usize, n: usize| {
            let body = zato::put_body(&population::token(person as u64), "visits", n as u64);
            client::request(zato::PUT, None, &body.to_string())
        };
        let of = |person| (0..REQUESTS).map(|n| request(person, n)).collect();
        (0..CONNECTIONS).map(of).collect()
    }

    /// Ours against the constant, round by round, perhaps beside a writer.
    fn against(
        &self,
        figure: &str,
        plan: &Plan,
        requests: &[Vec<String>],
        is_busy: bool,
    ) -> Result<Row> {
        let ask = |address| self.ask(address, requests, plan, is_busy);
        ask(self.ours)?;
        let (mut raw, mut reached) = (vec![ask(self.constant)?], Vec::new());
        for _ in 0..plan.rounds {
            reached.push(ask(self.ours)?);
            raw.push(ask(self.constant)?);
        }
        let rates = |asked: &[(Timed, Option<Timed>)]| -> Vec<f64> {
            asked.iter().map(|(timed, _)| timed.per_second).collect()
        };
        let p99 = Spread::of(reached.iter().map(|(timed, _)| timed.p99_us));
        let mut note = format!("p99 {:.0} to {:.0} us", p99.min, p99.max);
        if is_busy {
            let written = |asked: &[(Timed, Option<Timed>)]| -> Vec<Timed> {
                asked.iter().filter_map(|(_, written)| written.clone()).collect()
            };
            let [beside_ours, beside_constant] = [&reached, &raw]
                .map(|asked| raw::spread(&written(asked), |timed| timed.per_second).median);
            let beside = format!(
                ", beside {beside_ours:.0} commands/s; the constant beside {beside_constant:.0}"
            );
            note.push_str(&beside);
        }
        let called = "the same body parsed, a constant answered";
        Ok(Row::against(figure, "/s", &rates(&reached), (called, &rates(&raw)), "").note(note))
    }

    fn ask(
        &self,
        address: SocketAddr,
        requests: &[Vec<String>],
        plan: &Plan,
        is_busy: bool,
    ) -> Result<(Timed, Option<Timed>)> {
        let (service, machines) = (self.ground.service.clone(), self.machines.clone());
        let time = plan.round();
        let writer = is_busy.then(|| {
            self.runtime.spawn(async move {
                append::commands(&service, &ground::operator(), &machines, WRITERS, time).await
            })
        });
        let asked = load::ask_for(address, requests, time)?;
        let written = writer.map(|writer| self.runtime.block_on(writer)).transpose()?;
        Ok((asked, written.transpose()?))
    }
}

/// Parses the body as the dialect does, and answers what it is given.
async fn constant(body: Body, answer: &Arc<str>) -> Response {
    static ROOM: LazyLock<request::Room> = LazyLock::new(request::Room::default);
    let read = ROOM.read(body).await.ok();
    let parsed =
        read.and_then(|held| serde_json::from_slice::<Map<String, Value>>(&held.bytes).ok());
    if parsed.is_none() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, headers, answer.as_ref().to_owned()).into_response()
}

fn serve_on(
    runtime: &Runtime,
    router: Router,
    socket: &Path,
    stopped: watch::Receiver<bool>,
) -> Result<(SocketAddr, JoinHandle<()>)> {
    let _entered = runtime.enter();
    let network = runtime.block_on(serve::listen(([127, 0, 0, 1], 0).into()))?;
    let (address, local) = (network.local_addr()?, serve::listen_locally(socket)?);
    let handle = runtime.handle().clone();
    let serving = std::thread::spawn(move || {
        handle.block_on(serve::serve(
            network,
            local,
            router,
            http::limits::CONNECTIONS_MAX,
            None,
            stopped,
        ));
    });
    Ok((address, serving))
}

fn body_of(client: &mut Client, call: (&str, &str), body: &Value) -> Result<Arc<str>> {
    let answer = client.ask(call, None, Some(body))?;
    anyhow::ensure!(answer.body["status"] == "ok", "{call:?} answered {}", answer.body);
    Ok(answer.body.to_string().into())
}

async fn sign_in(service: &Service) -> Result<String> {
    let caller = Caller::anonymous(Dialect::Zato, None, ground::origin());
    let credentials = Credentials {
        username: ground::ADMIN.to_owned(),
        password: Secret::from(ground::PASSWORD.to_owned()),
        totp_code: None,
        new_password: None,
        application: ApplicationGates {
            may_sign_in: true,
            metadata_in_order: true,
            address_allowed: true,
        },
    };
    let opened = service.sign_in(&caller, &credentials).await;
    Ok(opened.context("the super-user signs in")?.token)
}
