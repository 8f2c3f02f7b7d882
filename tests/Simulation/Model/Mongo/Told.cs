namespace Relaybox.Simulation.Model;

/// <summary>What a writer tells its app of a call.</summary>
internal enum Told
{
    /// <summary>The business data and the event were written by this call.</summary>
    Written,

    /// <summary>An earlier call of this event has written both.</summary>
    WrittenBefore,

    /// <summary>Both were written, or neither: the same call again finds out.</summary>
    Unknown,

    /// <summary>Nothing was written by this call.</summary>
    Failed,
}
