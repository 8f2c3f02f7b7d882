/*
 * The outbox: two relays take two committed rows to a broker. See README.md for what stands for what.
 *
 * Time is not modelled: a lease may end at any moment, also under a relay that is at work, so that no property rests on
 * a clock. What ends early is a fault, of which there are only so many; what has to happen (the lease of a dead relay ends,
 * a retry falls due) happens for nothing.
 *
 * -DKEYED    both rows have one ordering key, event 0 before event 1
 * -DSTREAM   the second relay is driven by stream records: it publishes without a claim
 * -DPROGRESS checks L1 and L3 besides the assertions
 * -DBUG_...  plants a bug
 */

/* In all, in any mix: relays that die, leases that end under a relay at work, requests and answers that are lost or late,
   outages of the broker, messages that it refuses, parked rows that an operator sends again. */
#ifndef FAULTS
#define FAULTS 3
#endif
#define MAX_ATTEMPTS 2

mtype:status = { uncommitted, rolled_back, pending, publishing, sent, failed, deleted }
mtype:outcome = { nothing, accepted, rejected, unknown, unavailable, put_back }

typedef Row {
  mtype:status status = uncommitted;
  byte token;      /* 0: nobody's */
  bool ended;      /* the lease of the claim is over */
  bool due;        /* pending: its time has come */
  byte attempts;
  bool skipped;    /* parked, and the rows behind it may go on */
  byte claim       /* ghost: the number of its last claim */
}
Row row[2];

byte holds[2];           /* the claim that each relay is at work under */
byte broker[2];          /* how often each event was accepted: 0, 1, 2 or more */
bool in_flight[2];       /* a message that nobody waits for any more */
bool bad[2];             /* the broker refuses this event */
bool faulty;             /* ghost: something has happened that excuses a duplicate */

/* A mark that nobody waits for any more. */
mtype:outcome late_mark = nothing;
byte late_event, late_token, late_claim;

byte faults = FAULTS;

#define DONE(e) (row[e].status == sent || row[e].status == failed || row[e].status == deleted || row[e].status == rolled_back)

#ifdef BUG_UNCOMMITTED_READ
#define DUE(e) (row[e].status == uncommitted || (row[e].status == pending && row[e].due))
#else
#define DUE(e) (row[e].status == pending && row[e].due)
#endif

#if defined(BUG_CLAIM_IGNORES_LEASE)
#define TAKEABLE(e) (DUE(e) || row[e].status == publishing)
#elif defined(BUG_NO_TAKEOVER)
#define TAKEABLE(e) DUE(e)
#else
#define TAKEABLE(e) (DUE(e) || (row[e].status == publishing && row[e].ended))
#endif

/* What comes before event e under its key does not stand in the way. */
#if defined(KEYED) && !defined(BUG_KEY_IGNORES_EARLIER)
#define BEFORE_IS_OVER(e) (e == 0 || row[0].status == uncommitted || row[0].status == sent || row[0].status == deleted || row[0].status == rolled_back || (row[0].status == failed && row[0].skipped))
#else
#define BEFORE_IS_OVER(e) true
#endif

/* Whether a mark under this token holds. Token 0 is the right that comes with a stream record. */
#define FENCED(e, t) ((row[e].status == publishing && row[e].token == t) || (t == 0 && row[e].status == pending && row[e].token == 0))

#if defined(BUG_UNFENCED_MARK)
#define SENT_HOLDS(e, t)  (row[e].status != deleted)
#define RETRY_HOLDS(e, t) FENCED(e, t)
#elif defined(BUG_UNFENCED_RETRY)
#define SENT_HOLDS(e, t)  FENCED(e, t)
#define RETRY_HOLDS(e, t) (row[e].status != deleted)
#elif defined(BUG_STREAM_RIGHT_IGNORES_CLAIM)
#define SENT_HOLDS(e, t)  (FENCED(e, t) || (t == 0 && row[e].status == publishing))
#define RETRY_HOLDS(e, t) (FENCED(e, t) || (t == 0 && row[e].status == publishing))
#elif defined(BUG_GHOST_ROW)
#define SENT_HOLDS(e, t)  FENCED(e, t)
#define RETRY_HOLDS(e, t) (FENCED(e, t) || (t == 0 && row[e].status == deleted))
#else
#define SENT_HOLDS(e, t)  FENCED(e, t)
#define RETRY_HOLDS(e, t) FENCED(e, t)
#endif

/* The broker takes a message. */
inline accept(e) {
  assert(row[e].status != uncommitted && row[e].status != rolled_back);                    /* S3 */
#ifndef STREAM
  assert(broker[e] == 0 || faulty);                                                        /* one winner per lease */
#endif
#ifdef KEYED
  assert(e == 0 || broker[0] > 0 || row[0].status == rolled_back || row[0].skipped); /* S7 */
#endif
  if
  :: broker[e] < 2 -> broker[e]++
  :: else
  fi
}

/* A write that holds comes from the row's last claim, or from a stream record and the row was never claimed since. */
#define OWNS(e, t, c) (row[e].claim == c)

inline mark(e, what, t, c) {
  if
  :: what == accepted && SENT_HOLDS(e, t) ->
     assert(broker[e] > 0);                                                                /* S2 */
     assert((t == 0 && row[e].status == pending) || OWNS(e, t, c));                        /* S6 */
     row[e].status = sent; row[e].token = 0; row[e].ended = false; row[e].due = false; row[e].claim = 0
  :: (what == unknown || what == unavailable || what == put_back) && RETRY_HOLDS(e, t) ->
     assert(row[e].status == publishing || row[e].status == pending);                      /* S1: what is sent stays sent */
     assert((t == 0 && row[e].status == pending) || OWNS(e, t, c));                        /* S6 */
     if
#ifdef BUG_OUTAGE_IS_POISON
     :: what != put_back -> row[e].attempts++
#else
     :: what == unknown -> row[e].attempts++
#endif
     :: else
     fi;
     if
     :: row[e].attempts >= MAX_ATTEMPTS && what != put_back ->
        assert(what == unknown);                                                           /* an outage parks nothing */
        row[e].status = failed
     :: else -> row[e].status = pending
     fi;
     row[e].token = 0; row[e].ended = false; row[e].due = false; row[e].claim = 0
  :: what == rejected && FENCED(e, t) ->
     assert((t == 0 && row[e].status == pending) || OWNS(e, t, c));                        /* S6 */
     row[e].status = failed; row[e].token = 0; row[e].ended = false; row[e].due = false; row[e].claim = 0
  :: else    /* too late: nothing changes */
  fi
}

/* One message to the broker, and what its sender learns of it. */
inline publish(e, answer) {
  if
  :: !bad[e] -> accept(e); answer = accepted
  :: !bad[e] && faults > 0 -> faults--; bad[e] = true; answer = rejected
  :: bad[e] -> answer = rejected
  :: faults > 0 -> faults--; answer = unknown                                              /* the request is lost */
  :: faults > 0 && !bad[e] -> faults--; faulty = true; accept(e); answer = unknown         /* the answer is lost */
  :: faults > 0 && !bad[e] && !in_flight[e] -> faults--; faulty = true; in_flight[e] = true; answer = unknown
  :: faults > 0 -> faults--; answer = unavailable
  fi;
#ifdef BUG_FAILED_IS_IGNORED
  if :: answer == rejected -> answer = accepted :: else fi;
#endif
#ifdef BUG_LOST_IS_ACCEPTED
  if :: answer == unknown -> answer = accepted :: else fi;
#endif
}

/* The outcome reaches the store now, or at some later time, when its sender has given up or is dead. */
inline record(e, what, t, c) {
  if
  :: mark(e, what, t, c)
  :: faults > 0 && late_mark == nothing ->
     faults--; faulty = true;
     late_mark = what; late_event = e; late_token = t; late_claim = c
  fi
}

/* A number that no row, relay or late mark knows: as good as one that was never used before. */

#define IN_USE(n) (row[0].claim == n || row[1].claim == n || holds[0] == n || holds[1] == n || (late_mark != nothing && late_claim == n))

inline fresh(n) {
  n = 1;
  do
  :: IN_USE(n) -> n++
  :: else -> break
  od
}

proctype Relay(byte me) {
  byte token, claim, e;
  bool mine[2];
  mtype:outcome answer[2];
#ifdef BUG_CLAIM_READS_THEN_WRITES
  bool seen[2];
#endif
#ifdef BUG_ID_CURSOR
  byte next;
#define FROM_CURSOR(e) (e >= next)
#else
#define FROM_CURSOR(e) true
#endif

end_idle:
  atomic {
    (TAKEABLE(0) && FROM_CURSOR(0)) || (TAKEABLE(1) && BEFORE_IS_OVER(1) && FROM_CURSOR(1)) ->
#ifdef BUG_CLAIM_READS_THEN_WRITES
    seen[0] = TAKEABLE(0); seen[1] = TAKEABLE(1) && BEFORE_IS_OVER(1);
  }
  atomic {
#define FREE(e) seen[e]
#else
#define FREE(e) TAKEABLE(e)
#endif
    fresh(claim);
#ifdef BUG_TOKEN_IS_THE_WORKER
    token = me + 1;
#else
    token = claim;
#endif
    /* What another has locked at this moment is left alone; under one key, so is what comes after it. */
    if
    :: FREE(0) && FROM_CURSOR(0) -> mine[0] = true
    :: FREE(1) && FROM_CURSOR(1) && BEFORE_IS_OVER(1) -> mine[1] = true
    :: FREE(0) && FREE(1) && FROM_CURSOR(0) -> mine[0] = true; mine[1] = true
    fi;
    e = 0;
    do
    :: e < 2 ->
       if
#ifdef BUG_UNCOMMITTED_READ
       :: mine[e] && row[e].status == uncommitted
#endif
       :: mine[e] && row[e].status != uncommitted ->
          row[e].status = publishing; row[e].token = token; row[e].claim = claim; row[e].ended = false; row[e].due = false;
#ifdef BUG_ID_CURSOR
          next = (e + 1 > next -> e + 1 : next)
#endif
       :: !mine[e]
       fi;
       e++
    :: else -> break
    od;
    holds[me] = claim;
    e = (mine[0] -> 0 : 1)
  }

  do
  :: atomic {
       if
#if defined(KEYED) && !defined(BUG_KEY_PUBLISHES_TOGETHER)
       :: e == 1 && mine[0] && answer[0] != accepted -> answer[1] = put_back
#endif
       :: e == 1 && answer[0] == unavailable -> answer[1] = put_back
       :: else ->
#ifdef BUG_MARK_BEFORE_ACK
          mark(e, accepted, token, claim);
#endif
          publish(e, answer[e])
       fi;
       if
       :: e == 0 && mine[1] -> e = 1
       :: else -> e = (mine[0] -> 0 : 1); goto recording
       fi
     }
  :: atomic { faults > 0 -> faults--; goto dead }
  od;

recording:
  do
  :: atomic { record(e, answer[e], token, claim);
       answer[e] = nothing;
       if
       :: e == 0 && mine[1] -> e = 1
       :: else -> e = 0; holds[me] = 0; token = 0; claim = 0; mine[0] = false; mine[1] = false; goto end_idle
       fi
     }
  :: atomic { faults > 0 -> faults--; goto dead }
  od;

dead:    /* and started again, with nothing in its memory */
  atomic {
    faulty = true; holds[me] = 0; token = 0; claim = 0; e = 0;
    mine[0] = false; mine[1] = false; answer[0] = nothing; answer[1] = nothing;
#ifdef BUG_CLAIM_READS_THEN_WRITES
    seen[0] = false; seen[1] = false;
#endif
    goto end_idle
  }
}

#ifdef STREAM
/* Each insert comes as a record: once, and again after a crash. What the shard gives up on, the reconcile scan finds. */
proctype StreamRelay() {
  bool relayed[2];
  byte e;
  mtype:outcome reply = nothing;

end_idle:
  do
  :: atomic { row[0].status != uncommitted && row[0].status != rolled_back && !relayed[0] -> e = 0; goto relay }
  :: atomic { row[1].status != uncommitted && row[1].status != rolled_back && !relayed[1] -> e = 1; goto relay }
  od;
relay:
  if
  :: atomic { publish(e, reply) }
  :: atomic { relayed[e] = true; goto end_idle }
  fi;
  if
  :: atomic { record(e, reply, 0, 0); relayed[e] = true; reply = nothing; goto end_idle }
  :: atomic { faults > 0 -> faults--; faulty = true; reply = nothing; goto end_idle }
  fi
}
#endif

/* The application, the passing of time, the network, the operator, and the scheduled jobs, for one event each. */
#define AT_WORK(e) (holds[0] == row[e].claim || holds[1] == row[e].claim)

/* Under one key, rows are numbered one commit after the other. */
#if defined(KEYED) && !defined(BUG_KEY_NUMBERS_WITHOUT_LOCK)
#define CAN_COMMIT(e) (e == 0 || row[0].status != uncommitted)
#else
#define CAN_COMMIT(e) true
#endif

#if defined(BUG_RESET_BY_ROW_AGE)
#define STALE(e) (row[e].status == publishing)
#elif defined(BUG_NO_TAKEOVER)
#define STALE(e) false
#else
#define STALE(e) (row[e].status == publishing && row[e].ended)
#endif

#ifdef BUG_CLEANUP_IGNORES_STATUS
#define CLEANABLE(e) (row[e].status != uncommitted && row[e].status != rolled_back && row[e].status != deleted)
#else
#define CLEANABLE(e) (row[e].status == sent)
#endif

#define RELEASE(e) row[e].token = 0; row[e].claim = 0; row[e].ended = false

#define ACTS(e) \
  :: atomic { row[e].status == uncommitted && CAN_COMMIT(e) -> row[e].status = pending; row[e].due = INDEXED } \
  :: atomic { row[e].status == uncommitted -> row[e].status = rolled_back } \
  :: atomic { row[e].status == pending && !row[e].due -> row[e].due = true } \
  :: atomic { row[e].status == publishing && !row[e].ended && !AT_WORK(e) -> row[e].ended = true } \
  :: atomic { row[e].status == publishing && !row[e].ended && AT_WORK(e) && faults > 0 -> \
       faults--; faulty = true; row[e].ended = true } \
  :: atomic { STALE(e) -> row[e].status = pending; RELEASE(e); row[e].due = true } \
  :: atomic { CLEANABLE(e) -> \
       assert(row[e].status == sent);                                                      /* S8 */ \
       row[e].status = deleted; RELEASE(e); row[e].due = false; row[e].attempts = 0 } \
  :: atomic { row[e].status == failed && faults > 0 -> \
       faults--; faulty = true; bad[e] = false; row[e].status = pending; row[e].due = true; row[e].attempts = 0 } \
  :: atomic { in_flight[e] -> in_flight[e] = false; accept(e) }

/* A row in stream mode has no time to be due at until something goes wrong. */
#ifdef STREAM
#define INDEXED false
#else
#define INDEXED true
#endif

proctype World() {
end_world:
  do
  ACTS(0)
  ACTS(1)
#ifdef KEYED
  :: atomic { row[0].status == failed && !row[0].skipped -> row[0].skipped = true }
#endif
  :: atomic { late_mark != nothing -> mark(late_event, late_mark, late_token, late_claim); late_mark = nothing; late_event = 0; late_token = 0; late_claim = 0 }
  od
}

init {
  atomic {
    run Relay(0);
#ifdef STREAM
    run StreamRelay();
#else
    run Relay(1);
#endif
    run World()
  }
}

#ifdef PROGRESS
/* L1, L3: once there are no more faults, every row is sent or parked, and no claim is left. */
ltl progress { <> [] (DONE(0) && DONE(1)) }
#endif
