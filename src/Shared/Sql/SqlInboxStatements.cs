namespace Relaybox.Sql;

/// <summary>
/// The statements of an inbox that run alike in every database. Those of a claim take the key's parameters and then <c>@token</c>; further
/// ones follow in the order that is given.
/// </summary>
internal sealed record SqlInboxStatements
{
    /// <summary>Lets a claim hold for longer: <c>@lease</c>.</summary>
    internal required string Renew { get; init; }

    /// <summary>Counts an attempt once, and lets its claim hold: <c>@lease</c>.</summary>
    internal required string Start { get; init; }

    /// <summary>Completes a claim.</summary>
    internal required string MarkProcessed { get; init; }

    /// <summary>Ends an attempt without success: <c>@deliveries</c>, <c>@code</c>, <c>@message</c>, <c>@unfinished</c>.</summary>
    internal required string EndAttempt { get; init; }

    /// <summary>Gives the status of a record that has the token, once nobody writes it any more.</summary>
    internal required string ReadOwn { get; init; }

    /// <summary>Deletes the oldest processed records: <c>@age</c>, <c>@limit</c>.</summary>
    internal required string CleanupProcessed { get; init; }

    /// <summary>Deletes the oldest failed records: <c>@age</c>, <c>@limit</c>.</summary>
    internal required string CleanupFailed { get; init; }

    /// <summary>Ends the oldest claims whose lease has ended: <c>@age</c>, <c>@limit</c>.</summary>
    internal required string ResetStale { get; init; }

    /// <summary>Sets the attempts of a record to zero where the last has failed. It takes the key's parameters alone.</summary>
    internal required string GiveAttemptsBack { get; init; }

    /// <summary>Gives each status and how many records have it.</summary>
    internal required string CountByStatus { get; init; }
}
