using System.Data.Common;
using System.Text;

namespace Relaybox.Sql;

/// <summary>Columns that can be null.</summary>
internal static class Columns
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // Of a row's time that is no time of the calendar as .NET has it.
    private static readonly long Earliest = (long)(DateTimeOffset.MinValue - DateTimeOffset.UnixEpoch).TotalMicroseconds + 1;
    private static readonly long Latest = (long)(DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).TotalMicroseconds - 1;

    /// <summary>A text; null where the column is null, and where a column of bytes holds what is not UTF-8.</summary>
    internal static string? Text(DbDataReader reader, int i) => reader.IsDBNull(i) ? null : reader.GetValue(i) switch
    {
        string text => text,
        byte[] bytes => Decode(bytes),
        var other => throw new InvalidCastException($"The column {reader.GetName(i)} is of the type {other.GetType().Name}, which is no text."),
    };

    /// <summary>A time, of a column of times or of microseconds since 1970.</summary>
    internal static DateTimeOffset? Time(DbDataReader reader, int i) => reader.IsDBNull(i) ? null : reader.GetValue(i) switch
    {
        long microseconds => DateTimeOffset.UnixEpoch.AddMicroseconds(Math.Clamp(microseconds, Earliest, Latest)),
        var time => new DateTimeOffset(DateTime.SpecifyKind((DateTime)time, DateTimeKind.Utc)),
    };

    private static string? Decode(byte[] bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
