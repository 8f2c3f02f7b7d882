/*
 * The inbox: two workers of one consumer take two events off a queue that delivers again. See README.md for what stands
 * for what.
 *
 * The queue stands for the whole of outbox.pml: whatever the relays do, what reaches the queue is each event once or more
 * often, in any order, at any time; that is what this queue does. Time is not modelled: a lease and a visibility timeout
 * may end at any moment. What ends early is a fault, of which there are only so many.
 *
 * -DPROGRESS checks L2 and L3 besides the assertions
 * -DBUG_...  plants a bug
 */

/* In all, in any mix: workers that die, leases and visibility timeouts that end under a worker, requests and answers that are
   lost or late, handlers that fail. */
#ifndef FAULTS
#define FAULTS 3
#endif
#define MAX_ATTEMPTS 2

mtype:record = { absent, processing, processed, failed }
mtype:message = { unsent, visible, in_hand, gone }
mtype:step = { committed, not_committed, claim_lost }

typedef Record {
  mtype:record status = absent;
  byte token;      /* of the last claim; 0: nobody's */
  bool ended;      /* the lease of the claim is over */
  byte attempts;
  byte claim       /* ghost: its last claim */
}
Record record[2];

/* Messages 0 and 1 are those of the events; 2 is event 0 published again, at any time within the inbox's memory. */
mtype:message message[3];
#define EVENT(m) (m == 1 -> 1 : 0)

byte effects[2];         /* what the handlers' committed transactions did */
bool dead_letter[2];
byte holds[2];           /* the claim that each worker is at work under */
byte handles[2];         /* the message that each worker has, counted from 1 */

/* A commit that nobody waits for any more. */
bool late_commit;
byte late_event, late_token, late_claim;

byte faults = FAULTS;

#ifdef BUG_UNFENCED_COMMIT
#define COMMIT_HOLDS(e, t) true
#else
#define COMMIT_HOLDS(e, t) (record[e].status == processing && record[e].token == t)
#endif

#ifdef BUG_UNFENCED_FAIL
#define FAIL_HOLDS(e, t) (record[e].status != absent)
#else
#define FAIL_HOLDS(e, t) (record[e].status == processing && record[e].token == t)
#endif

#if defined(BUG_CLAIM_IGNORES_LEASE)
#define CLAIMABLE(e) (record[e].status != processed && record[e].attempts < MAX_ATTEMPTS)
#elif defined(BUG_NO_TAKEOVER)
#define CLAIMABLE(e) ((record[e].status == absent || record[e].status == failed) && record[e].attempts < MAX_ATTEMPTS)
#elif defined(BUG_PROCESSED_IS_FORGOTTEN)
#define CLAIMABLE(e) ((record[e].status != processing || record[e].ended) && record[e].attempts < MAX_ATTEMPTS)
#else
#define CLAIMABLE(e) ((record[e].status == absent || record[e].status == failed || (record[e].status == processing && record[e].ended)) && record[e].attempts < MAX_ATTEMPTS)
#endif

/* A handler's transaction: what it enlisted and the mark, or nothing. */
inline commit(e, t, c, outcome) {
  if
  :: COMMIT_HOLDS(e, t) ->
     assert(effects[e] == 0);                                     /* S4, S5 */
     assert(record[e].claim == c);                                /* S6 */
#ifndef BUG_EFFECT_NOT_ENLISTED
     effects[e]++;
#endif
     record[e].status = processed; record[e].ended = false; record[e].claim = 0;
     outcome = committed
  :: else -> outcome = claim_lost
  fi
}

/* Off the queue, under whatever receipt. */
inline delete(m) {
  assert(effects[EVENT(m)] == 1 || dead_letter[EVENT(m)]);        /* nothing is lost */
  message[m] = gone
}

/* A number that no record, worker or late commit knows: as good as one that was never used before. */
#define IN_USE(n) (record[0].claim == n || record[1].claim == n || record[0].token == n || record[1].token == n || holds[0] == n || holds[1] == n || (late_commit && late_claim == n))

inline fresh(n) {
  n = 1;
  do
  :: IN_USE(n) -> n++
  :: else -> break
  od
}

proctype Worker(byte me) {
  byte m, e, token, claim;
  mtype:step outcome;

end_idle:
  atomic {
    if
    :: message[0] == visible -> m = 0
    :: message[1] == visible -> m = 1
    :: message[2] == visible -> m = 2
    fi;
    message[m] = in_hand; handles[me] = m + 1; e = EVENT(m)
  }
#ifdef BUG_DELETE_ON_RECEIPT
  atomic { delete(m) };
#endif

  /* claim */
  if
#ifdef BUG_CLAIM_READS_THEN_WRITES
  :: CLAIMABLE(e) ->
     atomic {
#else
  :: atomic { CLAIMABLE(e) ->
#endif
       fresh(claim);
#ifdef BUG_TOKEN_IS_THE_WORKER
       token = me + 1;
#else
       token = claim;
#endif
       assert(record[e].status != processing || record[e].ended || !(holds[1 - me] == record[e].claim)); /* one holder per lease */
       record[e].status = processing; record[e].token = token; record[e].claim = claim; record[e].ended = false;
       record[e].attempts++;
#ifdef BUG_MARK_ON_CLAIM
       record[e].status = processed; record[e].token = 0;
#endif
       holds[me] = claim
     }
  :: atomic { !CLAIMABLE(e) && record[e].status == processed -> goto done }
  :: atomic { !CLAIMABLE(e) && record[e].status != processed && (record[e].status == failed || record[e].ended) ->
#ifndef BUG_EXHAUSTED_IS_DROPPED
       dead_letter[e] = true;
#endif
       goto done
     }
  :: atomic { !CLAIMABLE(e) && record[e].status == processing && !record[e].ended ->
#ifdef BUG_IN_PROGRESS_IS_DONE
       goto done
#else
       goto leave
#endif
     }
  :: atomic { faults > 0 -> faults--; goto leave }                /* the claim was not reached */
  fi;

  /* handle: its effects wait for the commit */
#ifdef BUG_EFFECT_NOT_ENLISTED
  atomic { assert(effects[e] == 0); effects[e]++ };
#endif
  if
  :: skip
  :: atomic { faults > 0 -> faults--; goto fail }                 /* it throws */
  :: atomic { faults > 0 -> faults--; goto dead }
  fi;

#ifdef BUG_DELETE_BEFORE_COMMIT
  atomic { delete(m) };
#endif

  /* commit */
  if
  :: atomic { commit(e, token, claim, outcome) }
  :: atomic { faults > 0 -> faults--; commit(e, token, claim, outcome); outcome = not_committed }   /* the answer is lost */
  :: atomic { faults > 0 && !late_commit ->
       faults--; late_commit = true; late_event = e; late_token = token; late_claim = claim; outcome = not_committed }
  fi;
  if
  :: atomic { outcome == committed -> goto done }
  :: atomic { outcome == claim_lost ->
#ifdef BUG_CLAIM_LOST_IS_DONE
       goto done
#else
       goto leave
#endif
     }
  :: atomic { outcome == not_committed -> goto fail }
  :: atomic { faults > 0 -> faults--; goto dead }
  fi;

fail:    /* ends the attempt; where the outcome of the commit is unknown, this decides it */
  if
  :: atomic { FAIL_HOLDS(e, token) ->
       record[e].status = failed; record[e].token = 0; record[e].ended = false; record[e].claim = 0;
       if
       :: record[e].attempts >= MAX_ATTEMPTS -> dead_letter[e] = true; goto done
       :: else -> goto leave
       fi
     }
  :: atomic { !FAIL_HOLDS(e, token) && record[e].status == processed && record[e].token == token -> goto done }
  :: atomic { !FAIL_HOLDS(e, token) && !(record[e].status == processed && record[e].token == token) -> goto leave }
  :: atomic { faults > 0 -> faults--; goto dead }                 /* or the store cannot be reached: the lease has to end */
  fi;

done:
  atomic {
    if
    :: delete(m)
    :: faults > 0 -> faults--                                     /* the batch response is lost */
    fi;
    goto forget
  }

leave:   /* reported as failed: it comes again */
  atomic {
#ifdef BUG_FAILURES_READ_AS_SUCCESS
    delete(m);
#endif
    goto forget
  }

dead:    /* and started again, with nothing in its memory */
forget:
  atomic { holds[me] = 0; handles[me] = 0; token = 0; claim = 0; m = 0; e = 0; outcome = 0; goto end_idle }
}

/* The relays, the passing of time, the network, the operator, and the scheduled jobs. */
#define AT_WORK(e) (holds[0] == record[e].claim || holds[1] == record[e].claim)
#define HANDLED(m) (handles[0] == (m) + 1 || handles[1] == (m) + 1)

/* A message that somebody else is handling becomes visible when that lease is over, or before: then it is a fault. */
#define FREE(m) (!HANDLED(m) && (record[EVENT(m)].status != processing || record[EVENT(m)].ended))

#ifdef BUG_RESET_BY_RECORD_AGE
#define STALE(e) (record[e].status == processing)
#elif defined(BUG_NO_TAKEOVER)
#define STALE(e) false
#else
#define STALE(e) (record[e].status == processing && record[e].ended)
#endif

/* The inbox remembers for longer than any copy of the event can come back, or lie in the hands of a stopped worker. */
#define OUT(m) (message[m] == gone && !HANDLED(m))
#ifdef BUG_RETENTION_TOO_SHORT
#define OLD(e) (record[e].status == processed)
#else
#define OLD(e) (record[e].status == processed && !late_commit && (e == 1 -> OUT(1) : OUT(0) && OUT(2)))
#endif

#define EVENT_ACTS(e) \
  :: atomic { record[e].status == processing && !record[e].ended && !AT_WORK(e) -> record[e].ended = true } \
  :: atomic { record[e].status == processing && !record[e].ended && AT_WORK(e) && faults > 0 -> \
       faults--; record[e].ended = true } \
  :: atomic { record[e].status == processing && record[e].ended && AT_WORK(e) -> record[e].ended = false } \
  :: atomic { STALE(e) -> \
       assert(record[e].ended || !AT_WORK(e));                    /* a claim holds until its lease ends */ \
       record[e].status = failed; record[e].token = 0; record[e].ended = false; record[e].claim = 0 } \
  :: atomic { OLD(e) -> record[e].status = absent; record[e].token = 0; record[e].attempts = 0 }

#define MESSAGE_ACTS(m) \
  :: atomic { message[m] == in_hand && FREE(m) -> message[m] = visible } \
  :: atomic { message[m] == in_hand && !FREE(m) && faults > 0 -> faults--; message[m] = visible }

proctype World() {
  mtype:step ignored;

end_world:
  do
  EVENT_ACTS(0)
  EVENT_ACTS(1)
  MESSAGE_ACTS(0)
  MESSAGE_ACTS(1)
  MESSAGE_ACTS(2)
  :: atomic { message[2] == unsent -> message[2] = visible }
  :: atomic { message[2] == unsent -> message[2] = gone }         /* no copy; or the time for one is over */
  :: atomic { late_commit -> commit(late_event, late_token, late_claim, ignored); ignored = 0; late_commit = false; late_event = 0; late_token = 0; late_claim = 0 }
  od
}

init {
  atomic {
    message[0] = visible; message[1] = visible; message[2] = unsent;
    run Worker(0);
    run Worker(1);
    run World()
  }
}

#define OVER(e) ((effects[e] == 1 || dead_letter[e]) && record[e].status != processing)

#ifdef PROGRESS
/* L2, L3: once there are no more faults, every message is processed or dead, no claim is left, and the queue is empty. */
ltl progress { <> [] (OVER(0) && OVER(1) && message[0] == gone && message[1] == gone && message[2] == gone) }
#endif
