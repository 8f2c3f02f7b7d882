namespace Relaybox.Simulation.Engine;

/// <summary>What goes wrong at one point.</summary>
internal enum Fault
{
    None,

    /// <summary>The call fails, and nothing was changed.</summary>
    FailBefore,

    /// <summary>The call is applied, and its answer is lost.</summary>
    ApplyThenFail,

    /// <summary>The call comes late, maybe later than its caller waits.</summary>
    Delay,

    /// <summary>The answer comes late.</summary>
    SlowAnswer,

    /// <summary>The worker dies before the call.</summary>
    CrashBefore,

    /// <summary>The worker dies once the call is applied.</summary>
    CrashAfter,

    /// <summary>A refusal, a partial answer, a duplicate, or whatever the place knows as wrong; it says which.</summary>
    Odd,
}
