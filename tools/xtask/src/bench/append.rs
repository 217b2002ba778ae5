//! Durable commands per second in process, against the bare journal with the same frames.

use std::time::Duration;

use anyhow::Result;
use domain::actor::Origin;
use domain::attributes::{AttributeKey, Namespace, NewAttribute, SetMode};
use domain::id::UserId;
use domain::text::Name;
use domain::user;
use service::{Caller, Command, Service};
use tokio::runtime::Runtime;

use super::ground::{self, Ground, Shape};
use super::raw::{self, BareDisk, BareJournal, Timed, nanos};
use super::table::{Row, Spread};
use super::{Plan, usage};
use crate::driving::{clock, output};

/// Users that are written to.
const USERS: usize = 1_024;
/// The name of the thread that writes.
const WRITER: &str = "writer";
/// How long 256 callers go on where nothing is a burst any more.
const LONG: Duration = Duration::from_mins(2);

/// A load: so many callers, from somewhere or from nowhere, and the goals for it.
struct Load {
    callers: usize,
    has_origin: bool,
    goals: [&'static str; 2],
}

const LOADS: [Load; 4] = [
    Load { callers: 1, has_origin: true, goals: ["ratio at least 0.80", "ratio at most 2"] },
    Load { callers: 16, has_origin: true, goals: ["ratio at least 0.70", "ratio at most 2"] },
    Load { callers: 256, has_origin: true, goals: ["at least 100,000/s", "ratio at most 4"] },
    Load { callers: 256, has_origin: false, goals: ["at least 100,000/s", "ratio at most 4"] },
];

/// Measures all loads.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ground = Ground::new("append")?;
    let users = runtime.block_on(ground.machines(USERS))?;
    let mut journal = BareJournal::new(&ground.beside("bare")?)?;
    let mut disk = BareDisk::new(&ground.beside("disk")?.join("file"))?;
    let mut rows = Vec::new();
    let mut syncs = vec![disk.sync_for(plan.round())?.per_second];
    let asked = |load: &&Load| plan.callers == 0 || load.callers == plan.callers;
    for load in LOADS.iter().filter(asked) {
        output::complain(&format!("append: {} callers", load.callers));
        rows.extend(against_journal(plan, &runtime, &ground, &users, &mut journal, load)?);
        syncs.push(disk.sync_for(plan.round())?.per_second);
    }
    if plan.long {
        output::complain("append: 256 callers for two minutes");
        let long = Plan { time: LONG, rounds: 1, ..*plan };
        let callers = Load { goals: ["at least 60,000/s", ""], ..LOADS[2] };
        let figures = against_journal(&long, &runtime, &ground, &users, &mut journal, &callers)?;
        rows.extend(figures.into_iter().map(|row| row.also("120 s")));
    }
    let syncs = Spread::of(syncs);
    rows.push(Row::alone("the disk itself: 4 KiB written and synced", "/s", syncs, ""));
    Ok(rows)
}

fn against_journal(
    plan: &Plan,
    runtime: &Runtime,
    ground: &Ground,
    users: &[UserId],
    journal: &mut BareJournal,
    load: &Load,
) -> Result<Vec<Row>> {
    let service = &ground.service;
    let caller =
        if load.has_origin { ground::operator() } else { Caller::operator(Origin::default()) };
    let run = |time| runtime.block_on(commands(service, &caller, users, load.callers, time));
    let before = ground.written.now();
    // Warm, and to learn what frames the real load makes; at most a second.
    run(plan.round().min(Duration::from_secs(1)))?;
    let mut shape = ground.written.shape_since(before);
    let mut raw = vec![journal.append_for(plan.round(), shape)?];
    let mut reached: Vec<Timed> = Vec::new();
    let mut writer = Duration::ZERO;
    for _ in 0..plan.rounds {
        let (before, ran) = (ground.written.now(), usage::ran(WRITER)?);
        reached.push(run(plan.round())?);
        writer += usage::ran(WRITER)?.saturating_sub(ran);
        shape = ground.written.shape_since(before);
        raw.push(journal.append_for(plan.round(), shape)?);
    }
    let commands: f64 = reached.iter().map(|timed| timed.per_second).sum();
    let each = writer.as_secs_f64() * 1e6 / (commands * plan.round().as_secs_f64());
    Ok(rows(load, &reached, &raw, (shape, each)))
}

fn rows(
    load: &Load,
    reached: &[Timed],
    raw: &[Timed],
    (shape, writer_us): (Shape, f64),
) -> Vec<Row> {
    let figure = match (load.callers, load.has_origin) {
        (1, _) => "durable commands, 1 caller".to_owned(),
        (callers, true) => format!("durable commands, {callers} callers"),
        (callers, false) => format!("durable commands, {callers} callers from nowhere"),
    };
    let numbers = |measured: &[Timed], number: fn(&Timed) -> f64| -> Vec<f64> {
        measured.iter().map(number).collect()
    };
    let [rate, p50]: [fn(&Timed) -> f64; 2] = [|timed| timed.per_second, |timed| timed.p50_us];
    let p99 = raw::spread(reached, |timed| timed.p99_us);
    let frames = format!(
        "frames of {:.1} records of {} bytes; the writer runs {writer_us:.1} us a command",
        shape.records, shape.record_bytes
    );
    vec![
        Row::against(
            &figure,
            "/s",
            &numbers(reached, rate),
            ("bare journal", &numbers(raw, rate)),
            load.goals[0],
        )
        .note(frames),
        Row::against(
            &format!("{figure}: p50"),
            "us",
            &numbers(reached, p50),
            ("bare journal, a frame", &numbers(raw, p50)),
            load.goals[1],
        )
        .note(format!("p99 {:.0} to {:.0} us", p99.min, p99.max)),
    ]
}

/// Callers that each set an attribute, wait, set the next, for so long.
pub async fn commands(
    service: &Service,
    caller: &Caller,
    users: &[UserId],
    callers: usize,
    time: Duration,
) -> Result<Timed> {
    let began = clock::now();
    let each = users.len() / callers.max(1);
    let tasks: Vec<_> = users
        .chunks(each.max(1))
        .take(callers)
        .map(|users| {
            let (service, caller, users) = (service.clone(), caller.clone(), users.to_vec());
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for (n, user) in users.iter().cycle().enumerate() {
                    let before = clock::now();
                    if before - began >= time {
                        break;
                    }
                    service.execute(caller.clone(), set(*user, n)).await?;
                    taken.push(nanos(clock::now() - before));
                }
                anyhow::Ok(taken)
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await??);
    }
    Ok(Timed::of(taken, clock::now() - began, 1.0))
}

/// Sets a small attribute.
pub fn set(user: UserId, value: usize) -> Command {
    let name = Name::parse("visits").expect("a name");
    let item = NewAttribute {
        key: AttributeKey { namespace: Namespace::Zato, name },
        value: Some(value.to_string().into()),
        encrypted: false,
        expires: None,
    };
    Command::User(user, user::Command::SetAttributes { items: vec![item], mode: SetMode::Put })
}
