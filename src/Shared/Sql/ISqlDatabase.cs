using System.Data.Common;
using Relaybox.Timing;

namespace Relaybox.Sql;

/// <summary>Connections and parameters of a database, as the statements need them that SQL stores share.</summary>
internal interface ISqlDatabase
{
    /// <summary>Opens a connection for statements that leave nothing behind in its session.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Repeats calls whose failure is transient.</summary>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="entropy">The source of their jitter.</param>
    RetryLoop Retries(TimeProvider time, IEntropy entropy);

    /// <summary>A text. A database whose parameters have places ignores the name; there the order counts.</summary>
    DbParameter Text(string name, string? value);

    /// <summary>A number.</summary>
    /// <inheritdoc cref="Text" />
    DbParameter Integer(string name, int value);

    /// <summary>A large number.</summary>
    /// <inheritdoc cref="Text" />
    DbParameter Long(string name, long value);

    /// <summary>An event's id, as its column has it.</summary>
    /// <inheritdoc cref="Text" />
    DbParameter Id(string name, string value);

    /// <summary>A time.</summary>
    /// <inheritdoc cref="Text" />
    DbParameter Time(string name, DateTimeOffset? value);

    /// <summary>A length of time.</summary>
    /// <inheritdoc cref="Text" />
    DbParameter Interval(string name, TimeSpan value);
}
