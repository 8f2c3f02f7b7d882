using System.Text;
using MySqlConnector;

namespace Relaybox.MySql;

/// <summary>Parameters of our statements.</summary>
internal static class Parameters
{
    /// <summary>An id or a key, which the columns hold as bytes.</summary>
    internal static MySqlParameter Bytes(string name, string? text) =>
        new(name, MySqlDbType.VarBinary) { Value = text is null ? DBNull.Value : Encoding.UTF8.GetBytes(text) };

    /// <summary>A time in UTC.</summary>
    internal static MySqlParameter Time(string name, DateTimeOffset? value) =>
        new(name, MySqlDbType.DateTime) { Value = value is { } time ? time.UtcDateTime : DBNull.Value };

    /// <summary>A length of time in microseconds.</summary>
    internal static MySqlParameter Interval(string name, TimeSpan value) => new(name, MySqlDbType.Int64) { Value = (long)value.TotalMicroseconds };
}
