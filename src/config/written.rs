//! The configuration as people write it: sections and keys of the documented default file, which is embedded. Every key
//! must stand in the merged table; an unknown one is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident { $($key:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $(#[doc = "See the key of this name in `deploy/mezhved.toml`."] pub $key: $type,)* }
    )*};
}

sections! {
    /// The whole file.
    Written {
        agency: Agency,
        broker: Broker,
        intake: Intake,
        schemas: Schemas,
        xml: Xml,
        store: Store,
        contents: Contents,
        exports: Exports,
        parking: Parking,
        relay: Relay,
        routing: Routing,
        notify: Notify,
        mail: Mail,
        time: Time,
        http: Http,
        log: Log,
        stop: Stop,
        schedule: Schedule,
        jobs: Jobs,
        agencies: Vec<Partner>,
        state_services: Vec<StateService>,
    }
    /// Section `agency`.
    Agency { code: String, name: String, email: String, }
    /// Section `broker`.
    Broker {
        url: String,
        url_file: String,
        management_url: String,
        connection_name: String,
        heartbeat_seconds: u64,
        connect_timeout_seconds: u64,
        confirm_timeout_seconds: u64,
        reconnect_delay_milliseconds_min: u64,
        reconnect_delay_milliseconds_max: u64,
        authorities_file: String,
        certificate_file: String,
        key_file: String,
    }
    /// Section `intake`.
    Intake {
        systems: Vec<String>,
        batch_messages_max: usize,
        batch_bytes_max: usize,
        prefetch: u16,
        prefetch_large: u16,
        held_bytes_max: usize,
        message_bytes_max: usize,
        message_large_bytes_max: usize,
        alone_after_deliveries: u32,
    }
    /// Section `schemas`.
    Schemas { folder: String, patterns_lenient: bool, }
    /// Section `xml`.
    Xml {
        depth_max: usize,
        attributes_max: usize,
        namespaces_max: usize,
        name_bytes_max: usize,
        text_bytes_max: usize,
        attribute_bytes_max: usize,
        violations_max: usize,
    }
    /// Section `store`.
    Store {
        path: String,
        bytes_max: u64,
        busy_timeout_milliseconds: u64,
        readers: u32,
        raw_retention_days: u32,
    }
    /// Section `contents`.
    Contents { folder: String, dead_letter_inline_bytes_max: usize, orphan_hours: u32, }
    /// Section `exports`.
    Exports {
        folder: String,
        output: String,
        work_folder: String,
        keep_days: u32,
        message_bytes_max: u64,
        mail_bytes_max: u64,
        s3: S3,
    }
    /// Section `exports.s3`.
    S3 { endpoint: String, region: String, access_key: String, secret_key: String, secret_key_file: String, }
    /// Section `parking`.
    Parking { delays_milliseconds: Vec<u64>, patience_seconds: u64, }
    /// Section `relay`.
    Relay {
        enabled: bool,
        batch_messages_max: u32,
        retry_delay_milliseconds_min: u64,
        retry_delay_milliseconds_max: u64,
    }
    /// Section `routing`.
    Routing { file: String, }
    /// Section `notify`.
    Notify {
        link: String,
        language: String,
        templates_folder: String,
        daily_at: String,
        batch_messages_max: u32,
        patience_hours: u32,
        lease_seconds: u64,
        retry_delay_milliseconds_min: u64,
        retry_delay_milliseconds_max: u64,
        breaker_faults_max: u32,
        breaker_pause_seconds_min: u64,
        breaker_pause_seconds_max: u64,
        http_timeout_seconds: u64,
        opt_out_link: String,
        opt_out_key_file: String,
        retention_days: u32,
        channel: BTreeMap<String, Channel>,
        default: Vec<DefaultChoice>,
    }
    /// One of `notify.channel`.
    Channel {
        way: String,
        address: String,
        sms_segments_max: usize,
        quiet_from: String,
        quiet_until: String,
        per_minute_max: u32,
        per_reader_per_hour_max: u32,
        url: String,
        secret_file: String,
        authorities_file: String,
    }
    /// One of `notify.default`.
    DefaultChoice { system: String, event: String, channel: String, frequency: String, }
    /// Section `mail`.
    Mail {
        host: String,
        port: u16,
        security: String,
        user: String,
        password_file: String,
        from: String,
        reply_to: String,
        hello_name: String,
        authorities_file: String,
        timeout_seconds: u64,
    }
    /// Section `time`.
    Time { zone: String, calendar_folder: String, }
    /// Section `http`.
    Http { address: String, }
    /// Section `log`.
    Log { level: String, format: String, }
    /// Section `stop`.
    Stop { deadline_seconds: u64, }
    /// Section `schedule`.
    Schedule {
        enabled: bool,
        history_days: u32,
        zone: String,
        missed: String,
        horizon_days: u32,
        timeout_seconds: u64,
        retries: u32,
        retry_pause_seconds: u64,
        jitter_seconds: u64,
    }
    /// Section `jobs`.
    Jobs {
        timers: Job,
        overdue: Job,
        expiry: Job,
        relay_retries: Job,
        retention: Job,
        upkeep: Job,
        calendar: Job,
    }
    /// One of `jobs`, and the section `schedule` of the files that other rooms have jobs in.
    Job {
        cron: String,
        zone: Option<String>,
        working_days: Option<bool>,
        missed: Option<String>,
        horizon_days: Option<u32>,
        timeout_seconds: Option<u64>,
        retries: Option<u32>,
        retry_pause_seconds: Option<u64>,
        jitter_seconds: Option<u64>,
    }
    /// One of `agencies`.
    Partner {
        code: String,
        name: String,
        user: String,
        email: String,
        receipts: String,
        documents: String,
        reply_to: Vec<String>,
        systems: Vec<String>,
        kinds: Vec<String>,
        result_codes: BTreeMap<String, String>,
    }
    /// One of `state_services`.
    StateService { code: String, agency: String, answer_minutes: u64, answer_schema: String, }
}
