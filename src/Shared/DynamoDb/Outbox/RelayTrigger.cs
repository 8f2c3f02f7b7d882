namespace Relaybox.DynamoDb;

/// <summary>Who finds new rows.</summary>
public enum RelayTrigger
{
    /// <summary>The table's stream; the sweep only finds what went wrong.</summary>
    Stream,

    /// <summary>The sweep alone: the writer of a row also puts it into the due index.</summary>
    Schedule,
}
