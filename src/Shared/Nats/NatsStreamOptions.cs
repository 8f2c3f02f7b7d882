namespace Relaybox.Nats;

/// <summary>What a stream has to be like.</summary>
internal sealed record NatsStreamOptions
{
    /// <summary>The stream's name: no dots, wildcards or white space.</summary>
    public required string Name { get; init; }

    /// <summary>The subjects that it has to take, such as <c>orders.&gt;</c>.</summary>
    public required IReadOnlyList<string> Subjects { get; init; }

    /// <summary>
    /// How long the stream has to know a message id, at least. It must be longer than a relay's lease and its longest retry
    /// delay together: a copy that comes later is stored again, and left to the inbox. Default: 10 minutes.
    /// </summary>
    public TimeSpan DuplicateWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the stream has to keep messages, at least; zero: forever. Default: 7 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How many servers have to hold a copy, at least. Default: 1; 3 survives the loss of a server.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Whether a stream that does not exist is created. Default: yes.</summary>
    public bool Create { get; init; } = true;

    /// <summary>Whether a stream that differs is changed where that loses nothing. Default: yes; otherwise it is an error.</summary>
    public bool Repair { get; init; } = true;
}
