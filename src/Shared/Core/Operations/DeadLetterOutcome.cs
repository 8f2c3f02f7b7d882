namespace Relaybox.Operations;

/// <summary>What came of a dead letter that was to be redriven.</summary>
/// <param name="LeftBecause">Why it is where it was; null: it was sent where it came from, and then deleted.</param>
internal readonly record struct DeadLetterOutcome(string? LeftBecause)
{
    /// <summary>Sent, and then deleted.</summary>
    internal static readonly DeadLetterOutcome Redriven = new(null);

    /// <summary>The broker has a message under the same id already, and did not store this one.</summary>
    internal static readonly DeadLetterOutcome Duplicate = new("the broker calls it a duplicate: it was not sent again");

    /// <summary>Somebody else has received it in the meantime.</summary>
    internal static readonly DeadLetterOutcome InOtherHands = new("somebody else has taken it in hand");
}
