/*
 * Waking a relay of PostgreSQL: writers notify only while a relay has announced that it sleeps. See README.md for what stands for what.
 *
 * Time is not modelled. A relay that sleeps may look again at any moment, and does so in the end. So progress shows that the polls find
 * what nobody announced; the assertion shows how little that is: only rows whose transaction was open when the last relay fell asleep.
 *
 * -DPROGRESS checks that every committed row is taken
 * -DBUG_...  plants a bug
 */

/* In all, in any mix: relays that die, notifications that are lost, announcements that lapse. */
#ifndef FAULTS
#define FAULTS 3
#endif
#define ROWS 3
#define RELAYS 2

mtype:status = { unwritten, inserted, visible, taken, rolled_back }

mtype:status row[ROWS];
bool notifies[ROWS];     /* what the insert has decided */
bool across[ROWS];       /* ghost: a relay has announced its sleep between the insert and the commit */
bool announced;          /* the word in the database */
bool sleeping[RELAYS];
bool dead[RELAYS];
bool notified[RELAYS];
bool faulty;             /* ghost: something has happened that only a poll makes good */
byte faults = FAULTS;

#define WAITS(r) (row[r] == visible)
#define ANY_WAITS (WAITS(0) || WAITS(1) || WAITS(2))
#define UNEXCUSED(r) (row[r] == visible && !across[r])
#define ALL_SLEEP ((sleeping[0] || dead[0]) && (sleeping[1] || dead[1]) && !(dead[0] && dead[1]))
#define NONE_NOTIFIED (!notified[0] && !notified[1])
#define OVER(r) (row[r] == taken || row[r] == rolled_back)

/* While all relays sleep, only rows wait whose transaction was open when a relay announced that it sleeps. */
#define SOUND (!ALL_SLEEP || !NONE_NOTIFIED || faulty || (!UNEXCUSED(0) && !UNEXCUSED(1) && !UNEXCUSED(2)))

inline take_all() {
  d_step {
    r = 0;
    do
    :: r < ROWS -> if :: row[r] == visible -> row[r] = taken :: else fi; r++
    :: else -> break
    od;
    r = 0
  }
}

inline announce() {
  d_step {
    announced = true;
    r = 0;
    do
    :: r < ROWS -> if :: row[r] == inserted -> across[r] = true :: else fi; r++
    :: else -> break
    od;
    r = 0
  }
}

proctype Writer(byte me) {
  byte i;
#ifdef BUG_WORD_OF_A_SNAPSHOT
  bool seen;
  seen = announced;
#endif
  /* The insert reads the word. */
  atomic {
    row[me] = inserted;
#ifdef BUG_WORD_OF_A_SNAPSHOT
    notifies[me] = seen
#else
    notifies[me] = announced
#endif
  }
  /* The commit makes the row visible and delivers the notification, or neither happens. */
  if
  :: atomic {
       row[me] = visible;
       if
       :: notifies[me] ->
          if
          :: faults > 0 -> faults--; faulty = true
          :: i = 0;
             do
             :: i < RELAYS -> if :: !dead[i] -> notified[i] = true :: else fi; i++
             :: else -> break
             od
          fi
       :: else
       fi;
       assert(SOUND)
     }
  :: row[me] = rolled_back
  fi
}

proctype Relay(byte me) {
  byte r;

looking:
  /* A claim: it takes what it sees. Rows that came while the last ones were at work had better not notify. */
  atomic { take_all() };
  if
  :: notified[me] ->
     atomic { notified[me] = false; announced = false };
     goto looking
  :: !notified[me]
  fi;
#ifdef BUG_LOOKS_BEFORE_IT_ANNOUNCES
  if
  :: ANY_WAITS -> goto looking
  :: else
  fi;
  atomic { announce() };
#else
#ifndef BUG_SLEEPS_UNANNOUNCED
  atomic { announce() };
#endif
#ifndef BUG_NO_SECOND_LOOK
  if
  :: ANY_WAITS -> goto looking
  :: else
  fi;
#endif
#endif
  if
  :: notified[me] -> notified[me] = false; goto looking
  :: atomic { !notified[me] -> sleeping[me] = true; assert(SOUND) }
  fi;

end_asleep:
  if
  :: atomic { notified[me] -> notified[me] = false; sleeping[me] = false }; goto looking
#ifndef BUG_NO_POLL
  /* A poll renews the announcement, and looks. One that finds both as they should be changes nothing, and is left out. */
  :: atomic { (ANY_WAITS || !announced) -> sleeping[me] = false; announce() };
     if
     :: ANY_WAITS -> goto looking
     :: atomic { !ANY_WAITS -> sleeping[me] = true; assert(SOUND) }; goto end_asleep
     fi
#endif
  :: atomic { faults > 0 -> faults--; faulty = true; announced = false }; goto end_asleep
  :: atomic { faults > 0 -> faults--; faulty = true; sleeping[me] = false; dead[me] = true; notified[me] = false }
  fi;

  /* The next run of the schedule. */
  atomic { dead[me] = false };
  goto looking
}

#ifdef PROGRESS
/* Every row ends taken or rolled back. */
ltl progress { <> (OVER(0) && OVER(1) && OVER(2)) }
#endif

init {
  byte r;
  atomic {
    r = 0;
    do
    :: r < ROWS -> row[r] = unwritten; run Writer(r); r++
    :: else -> break
    od;
    run Relay(0);
    run Relay(1)
  }
}
