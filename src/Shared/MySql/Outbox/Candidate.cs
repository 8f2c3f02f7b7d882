using System.Text;

namespace Relaybox.MySql;

/// <summary>A row that a claim may take, as it was found.</summary>
/// <param name="RowId">Its number.</param>
/// <param name="Key">Its ordering key; null where it has none.</param>
/// <param name="Bytes">The bytes of its payload, headers and result.</param>
/// <param name="Unfinished">How many earlier claims have no outcome.</param>
internal sealed record Candidate(long RowId, OrderingKey? Key, long Bytes, int Unfinished);

/// <summary>An ordering key to the byte, whatever its bytes are.</summary>
/// <param name="Text">A character for each byte.</param>
internal readonly record struct OrderingKey(string Text)
{
    internal byte[] Bytes => Encoding.Latin1.GetBytes(Text);

    internal static OrderingKey Of(byte[] bytes) => new(Encoding.Latin1.GetString(bytes));
}
