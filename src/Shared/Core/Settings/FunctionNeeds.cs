namespace Relaybox.Settings;

/// <summary>Which settings a function cannot do without.</summary>
[Flags]
internal enum FunctionNeeds
{
    /// <summary>The outbox alone.</summary>
    None = 0,

    /// <summary>It sends to the broker.</summary>
    Publisher = 1,

    /// <summary>It reads or writes the inbox.</summary>
    Inbox = 2,

    /// <summary>It runs jobs that remember where they stopped.</summary>
    Jobs = 4,

    /// <summary>It takes messages from the queue, and dead-letters some.</summary>
    Consumer = 8,

    /// <summary>It makes what the others need: tables in a database, streams in a broker.</summary>
    Setup = 16,

    /// <summary>It pulls messages from a stream.</summary>
    Stream = 32,

    /// <summary>It looks at dead letters, and sends them back where they came from.</summary>
    DeadLetters = 64,

    /// <summary>It looks at whatever the broker's settings name, and can do without them.</summary>
    Diagnosis = 128,
}
