//! One bounded piece of delivering by one channel: take what is due, leave out what is no longer wanted or too much, put the rest
//! into words, mark it as sent, hand it over, book the answers. A crash after the mark means that it goes out again, under
//! the same id, when its lease is over.

mod files;
mod parcel;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::choice::Suppressed;
use super::tell::Plan;
use super::ways::{Answer, broker, http};
use super::{Breaker, ChannelSettings, Gate, Pace, Telling, Way};
use crate::broker::Publisher;
use crate::clock;
use crate::failpoint;
use crate::mail::{Letter, Mailer};
use crate::outbox::retry_at;
use crate::pipeline::Pipeline;
use crate::store::{Becomes, DueNotification, Reader, StoreFault};

use parcel::{Packing, Parcel, Wanted};

/// Messages handed over at once by a channel that takes one at a time.
const AT_ONCE: u32 = 8;
/// The time over which messages to one reader are counted.
const RATE_WINDOW: Duration = Duration::from_hours(1);

/// What one run did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Taken by the channel.
    pub confirmed: usize,
    /// To be tried later.
    pub later: usize,
    /// Given up.
    pub failed: usize,
    /// Not wanted any more.
    pub suppressed: usize,
    /// Nothing more before this moment, whatever is due.
    pub rest_until: Option<DateTime<Utc>>,
}

impl Delivered {
    /// Whether there was anything to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.confirmed + self.later + self.failed + self.suppressed == 0
    }

    fn count(&mut self, becomes: &Becomes, rows: usize) {
        match becomes {
            Becomes::Confirmed => self.confirmed += rows,
            Becomes::Later(..) => self.later += rows,
            Becomes::Failed(..) => self.failed += rows,
            Becomes::Suppressed(_) => self.suppressed += rows,
        }
    }
}

/// How a channel hands over.
#[derive(Debug)]
enum Hands {
    Broker,
    Mail(Box<Mailer>),
    Gateway(Box<http::Client>),
}

/// Delivers by one channel; remembers whether it is out and how much it took.
#[derive(Debug)]
pub struct Courier {
    channel: String,
    settings: ChannelSettings,
    hands: Hands,
    breaker: Breaker,
    pace: Pace,
}

impl Courier {
    /// The courier of a channel; none where the channel is off.
    ///
    /// # Errors
    /// The mail server's or the gateway's settings cannot be used.
    pub fn new(channel: &str, pipeline: &Pipeline) -> Result<Option<Self>, String> {
        let settings = pipeline.config.notify.channel(channel);
        let hands = match &settings.way {
            Way::Off => return Ok(None),
            Way::Broker => Hands::Broker,
            Way::Mail => {
                let mail = pipeline.config.mail.as_ref().ok_or("mail.host is empty")?;
                Hands::Mail(Box::new(Mailer::new(mail).map_err(|fault| fault.to_string())?))
            }
            Way::Http(gateway) => Hands::Gateway(Box::new(http::Client::new(gateway)?)),
        };
        Ok(Some(Self {
            channel: channel.to_owned(),
            settings: settings.clone(),
            hands,
            breaker: Breaker::new(pipeline.config.notify.breaker),
            pace: Pace::new(settings.per_minute_max),
        }))
    }

    /// The channel.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Whether it needs a publisher.
    #[must_use]
    pub fn is_by_broker(&self) -> bool {
        matches!(self.hands, Hands::Broker)
    }
}

/// Delivers by a channel: one bounded piece. A channel of the broker needs a publisher.
pub async fn deliver(
    pipeline: &Pipeline,
    courier: &mut Courier,
    publisher: Option<&mut Publisher>,
) -> Result<Delivered, StoreFault> {
    let now = clock::now();
    let mut delivered = Delivered::default();
    let deliveries_max = match (courier.breaker.gate(now), &courier.hands) {
        (Gate::Shut(until), _) => return Ok(Delivered { rest_until: Some(until), ..delivered }),
        (Gate::Probe, _) => 1,
        (Gate::Open, Hands::Broker) => pipeline.config.notify.batch_max,
        (Gate::Open, _) => AT_ONCE,
    };
    let due = pipeline.store.notifications_due(&courier.channel, now, deliveries_max).await?;
    if due.is_empty() {
        return Ok(delivered);
    }
    let plan = Plan::new(pipeline, now);
    let mut fates = Vec::new();
    let due = weed(pipeline, courier, &plan, due, now, &mut fates).await?;
    let due = slow(pipeline, courier, due, now, &mut fates).await?;
    let due = match courier.hands {
        Hands::Mail(_) => files::attached(pipeline, courier, &plan, due, now, &mut fates).await?,
        _ => due,
    };
    let mut parcels = pack(pipeline, courier, &plan, due, now, &mut fates);
    let (taken, rest_until) = courier.pace.take(parcels.len(), now);
    parcels.truncate(taken);
    delivered.rest_until = rest_until;
    book(pipeline, courier, &fates, now, &mut delivered).await?;
    let parcels = claim(pipeline, parcels, now).await?;
    if parcels.is_empty() {
        return Ok(delivered);
    }
    failpoint::hit("notify.claimed");
    let answers = hand_over(courier, &parcels, publisher).await;
    failpoint::hit("notify.handed-over");
    let now = clock::now();
    let was_out = courier.breaker.is_out();
    let mut fates = Vec::new();
    for (parcel, answer) in parcels.iter().zip(answers) {
        let becomes = judge(pipeline, courier, parcel, answer, now);
        fates.extend(parcel.ids().map(|id| (id, becomes.clone())));
    }
    tell_of(courier, was_out, &fates);
    book(pipeline, courier, &fates, now, &mut delivered).await?;
    failpoint::hit("notify.marked");
    Ok(delivered)
}

/// Leaves out what is not to be tried any more: over its time, opted out meanwhile, without a consent, without an address.
async fn weed(
    pipeline: &Pipeline,
    courier: &Courier,
    plan: &Plan<'_>,
    due: Vec<DueNotification>,
    now: DateTime<Utc>,
    fates: &mut Vec<(i64, Becomes)>,
) -> Result<Vec<Wanted>, StoreFault> {
    let mut cases: Vec<i64> = due.iter().filter_map(|row| row.reader).collect();
    cases.sort_unstable();
    cases.dedup();
    let readers = pipeline.store.readers_by_id(&cases, &plan.consents).await?;
    let readers: HashMap<i64, Reader> = readers.into_iter().map(|reader| (reader.case, reader)).collect();
    let mut wanted = Vec::with_capacity(due.len());
    let mut ordered = HashSet::new();
    for mut row in due {
        // Only the first of a key may go: another one may overtake it, or it may come back.
        if row.order_key.as_ref().is_some_and(|key| !ordered.insert(key.clone())) {
            continue;
        }
        let event = &row.noticed.event;
        let Some((_, texts)) = plan.texts(event) else {
            fates
                .push((row.id, Becomes::Failed("event-unknown", format!("no lifecycle has the event {}", event.code))));
            continue;
        };
        let reader = row.reader.and_then(|case| readers.get(&case));
        // A code is kept until it was told: what comes back later has nothing to tell.
        let told_before = texts.is_urgent() && event.secret.is_none();
        if row.give_up_at <= now || told_before {
            fates.push((row.id, given_up(texts.is_urgent())));
            continue;
        }
        if let Some(why) = reader.and_then(|reader| plan.unwanted(event, texts, &courier.channel, reader)) {
            fates.push((row.id, Becomes::Suppressed(why.as_str())));
            continue;
        }
        if row.address.is_none() {
            row.address = parcel::address(&courier.settings, &row, reader, &pipeline.config.notify);
        }
        if row.address.is_none() && courier.settings.address != super::AddressKind::None {
            fates.push((row.id, Becomes::Suppressed(Suppressed::NoAddress.as_str())));
            continue;
        }
        let subscriber = reader.and_then(|reader| reader.identifiers.first().copied());
        wanted.push(Wanted { row, subscriber, files: Vec::new() });
    }
    Ok(wanted)
}

fn given_up(urgent: bool) -> Becomes {
    if urgent {
        return Becomes::Suppressed(Suppressed::Expired.as_str());
    }
    Becomes::Failed("given-up", "it could not be delivered in time".to_owned())
}

/// Puts off what would be too much for one reader. What the law wants told is not counted out.
async fn slow(
    pipeline: &Pipeline,
    courier: &Courier,
    due: Vec<Wanted>,
    now: DateTime<Utc>,
    fates: &mut Vec<(i64, Becomes)>,
) -> Result<Vec<Wanted>, StoreFault> {
    let Some(max) = courier.settings.per_reader_per_hour_max else { return Ok(due) };
    let mut recipients: Vec<&str> = due.iter().map(|one| one.row.recipient.as_str()).collect();
    recipients.sort_unstable();
    recipients.dedup();
    let recent = pipeline.store.recent_deliveries(&courier.channel, &recipients, now - RATE_WINDOW).await?;
    let mut counts: HashMap<String, (u32, DateTime<Utc>)> =
        recent.into_iter().map(|(recipient, count, first)| (recipient, (count, first))).collect();
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(due.len());
    for one in due {
        let row = &one.row;
        let (count, first) = counts.entry(row.recipient.clone()).or_insert((0, now));
        let counted = seen.contains(&row.delivery);
        if !counted && *count >= max && !row.required {
            let why = "rate-limited: too many messages to this reader within an hour".to_owned();
            fates.push((row.id, Becomes::Later(*first + RATE_WINDOW, Some(why))));
            continue;
        }
        if !counted {
            *count += 1;
            seen.insert(row.delivery.clone());
        }
        kept.push(one);
    }
    Ok(kept)
}

/// Puts what is due into words, a digest as one.
fn pack(
    pipeline: &Pipeline,
    courier: &Courier,
    plan: &Plan<'_>,
    due: Vec<Wanted>,
    now: DateTime<Utc>,
    fates: &mut Vec<(i64, Becomes)>,
) -> Vec<Parcel> {
    let mut order: Vec<String> = Vec::new();
    let mut groups: HashMap<String, Vec<Wanted>> = HashMap::new();
    for one in due {
        let delivery = &one.row.delivery;
        let group = groups.entry(delivery.clone()).or_default();
        if group.is_empty() {
            order.push(delivery.clone());
        }
        group.push(one);
    }
    let config = &pipeline.config;
    let packing = Packing {
        pipeline,
        plan,
        channel: &courier.channel,
        settings: &courier.settings,
        telling: Telling {
            language: config.notify.language,
            config,
            routing: &pipeline.routing,
            calendar: &pipeline.calendar,
            now,
        },
    };
    let mut parcels = Vec::with_capacity(order.len());
    for rows in order.iter().filter_map(|delivery| groups.remove(delivery)) {
        let ids: Vec<i64> = rows.iter().map(|one| one.row.id).collect();
        match packing.parcel(rows) {
            Ok(parcel) => parcels.push(parcel),
            Err((reason, why)) => {
                let channel = &courier.channel;
                tracing::error!(channel, notification = ids[0], reason, "a notification cannot be put into words");
                fates.extend(ids.into_iter().map(|id| (id, Becomes::Failed(reason, why.clone()))));
            }
        }
    }
    parcels
}

/// Marks parcels as sent; those that somebody else has taken are left out.
async fn claim(pipeline: &Pipeline, parcels: Vec<Parcel>, now: DateTime<Utc>) -> Result<Vec<Parcel>, StoreFault> {
    if parcels.is_empty() {
        return Ok(parcels);
    }
    let ids: Vec<i64> = parcels.iter().flat_map(Parcel::ids).collect();
    let claimed = pipeline.store.claim_notifications(&ids, now, now + pipeline.config.notify.lease).await?;
    let claimed: HashSet<i64> = claimed.into_iter().collect();
    let whole = |parcel: &Parcel| parcel.ids().all(|id| claimed.contains(&id));
    Ok(parcels.into_iter().filter(whole).collect())
}

async fn hand_over(courier: &Courier, parcels: &[Parcel], publisher: Option<&mut Publisher>) -> Vec<Answer> {
    match &courier.hands {
        Hands::Broker => {
            let Some(publisher) = publisher else {
                let why = "there is no connection to the broker";
                return parcels.iter().map(|_| Answer::Out(why.to_owned(), None)).collect();
            };
            let outgoing: Vec<_> = parcels.iter().filter_map(Parcel::outgoing).collect();
            publisher.publish(&outgoing).await.iter().map(broker::answer).collect()
        }
        Hands::Mail(mailer) => {
            let letters: Vec<Letter> = parcels.iter().filter_map(Parcel::letter).collect();
            side_by_side(letters, |letter| {
                let mailer = mailer.clone();
                async move { mailer.send(&letter).await.into() }
            })
            .await
        }
        Hands::Gateway(client) => {
            let notes: Vec<_> = parcels.iter().filter_map(Parcel::note).collect();
            side_by_side(notes, |note| {
                let client = client.clone();
                async move { client.post(&note).await }
            })
            .await
        }
    }
}

/// Hands several over at the same time; the answers stand in the order of what was handed over.
async fn side_by_side<T, F>(all: Vec<T>, each: impl Fn(T) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut answers: Vec<Answer> = Vec::with_capacity(all.len());
    for (at, one) in all.into_iter().enumerate() {
        answers.push(Answer::NotNow("the handing over broke off".to_owned()));
        let handing = each(one);
        running.spawn(async move { (at, handing.await) });
    }
    while let Some(done) = running.join_next().await {
        match done {
            Ok((at, answer)) => answers[at] = answer,
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            Err(_) => {}
        }
    }
    answers
}

/// What an answer makes of a parcel, and of the channel.
fn judge(pipeline: &Pipeline, courier: &mut Courier, parcel: &Parcel, answer: Answer, now: DateTime<Utc>) -> Becomes {
    let settings = &pipeline.config.notify;
    let attempts = parcel.attempts();
    let later = |until: Option<DateTime<Utc>>, why: String| {
        let pause = retry_at(now, attempts, settings.delay_min, settings.delay_max);
        Becomes::Later(until.map_or(pause, |until| until.max(pause)), Some(parcel.without_address(&why)))
    };
    match answer {
        Answer::Confirmed => {
            courier.breaker.answered();
            Becomes::Confirmed
        }
        Answer::NotNow(why) => {
            courier.breaker.answered();
            later(None, why)
        }
        Answer::Out(why, until) => {
            courier.breaker.failed(now);
            if let Some(until) = until {
                courier.breaker.wait(until);
            }
            later(until, why)
        }
        Answer::Refused(reason, why) => {
            courier.breaker.answered();
            Becomes::Failed(reason, parcel.without_address(&why))
        }
    }
}

/// Says in the log what an operator wants to know: a channel that is out or back, messages that were refused for good.
fn tell_of(courier: &Courier, was_out: bool, fates: &[(i64, Becomes)]) {
    let channel = &courier.channel;
    match (was_out, courier.breaker.is_out()) {
        (false, true) => tracing::warn!(channel, "the channel is out; it is tried again from time to time"),
        (true, false) => tracing::info!(channel, "the channel is back"),
        _ => {}
    }
    let refused = fates.iter().filter(|(_, becomes)| matches!(becomes, Becomes::Failed(..))).count();
    if refused > 0 {
        tracing::warn!(channel, refused, "messages were refused for good; `notify list --state failed` shows why");
    }
}

async fn book(
    pipeline: &Pipeline,
    courier: &Courier,
    fates: &[(i64, Becomes)],
    now: DateTime<Utc>,
    delivered: &mut Delivered,
) -> Result<(), StoreFault> {
    if fates.is_empty() {
        return Ok(());
    }
    pipeline.store.settle_notifications(fates, now).await?;
    fates.iter().for_each(|(_, becomes)| delivered.count(becomes, 1));
    let counted = fates.iter().map(|(_, becomes)| match becomes {
        Becomes::Confirmed => (&courier.channel, "confirmed", ""),
        Becomes::Later(..) => (&courier.channel, "later", ""),
        Becomes::Failed(reason, _) => (&courier.channel, "failed", *reason),
        Becomes::Suppressed(reason) => (&courier.channel, "suppressed", *reason),
    });
    pipeline.counters.notified(counted);
    pipeline.counters.channel_out(&courier.channel, courier.breaker.is_out());
    Ok(())
}
