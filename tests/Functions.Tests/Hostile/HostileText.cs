using FsCheck;
using FsCheck.Fluent;

namespace Relaybox.Functions.Tests.Hostile;

/// <summary>Texts of the kinds that hostile inputs are made of. FsCheck makes them; what has once been trouble is in every class's list.</summary>
internal static class HostileText
{
    private static readonly string[] Letters =
        ["a", "Z", "0", "-", "_", "é", "ß", "ı", "中", "\U0001F680", "\u0301", "\u200B", "\u202E", "\uFB01", " ", "~"];

    private static readonly string[] Controls =
        ["\0", "\u0001", "\u0007", "\b", "\t", "\n", "\r", "\r\n", "\u001B[31m", "\u007F", "\u0085", "\u009F"];

    private static readonly string[] Awkward =
    [
        "\uFEFF", "\uFFFD", "\uFFFE", "\uFFFF", "\u2028", "\u2029", "\"", "'", "\\", "\\u0000", "\\ud800",
        "<![CDATA[", "]]>", "&lt;", "<a>", "--", "; DROP TABLE outbox", "${jndi:ldap://127.0.0.1}", "%s%n",
        "{{", "}}", "$1", "=1+1", "../..", "\r\nNats-Msg-Id: x", "NATS/1.0\r\n", "null", "undefined", "NaN",
    ];

    /// <summary>Text that may be an id: at least one character, no controls.</summary>
    internal static Gen<string> Plain => Gen.Elements(Letters).NonEmptyListOf().Select(parts => Cut(string.Concat(parts), 120));

    /// <summary>Plain text with a control character in it.</summary>
    internal static Gen<string> WithControl =>
        from before in Plain
        from control in Gen.Elements(Controls)
        from after in Gen.Elements("", "x", "é")
        select before + control + after;

    /// <summary>Any text of Unicode, the worst first.</summary>
    internal static Gen<string> Any => Gen.OneOf(
        Gen.Elements(Awkward),
        Gen.Elements([.. Awkward, .. Controls, .. Letters]).ListOf().Select(string.Concat),
        ArbMap.Default.GeneratorFor<string>().Select(text => Whole(text ?? "")));

    /// <summary>Any JSON value.</summary>
    internal static Gen<string> Json => Gen.OneOf(
        Gen.Elements(
            "null", "true", "0", "-0", "1e400", "-1E-400", "1.0000000000000000000001", "123456789012345678901234567890",
            "\"\"", "\"\\u0000\"", "\"\\/\\b\\ud83d\\ude80\"", "[]", "{}", "{\"a\":1,\"a\":2}", "{\"\":{}}", "[[[[[]]]]]",
            "{\"id\":\"x\",\"payload\":1}", "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"y\",\"type\":\"z\"}"),
        Any.Select(text => System.Text.Json.JsonSerializer.Serialize(text)),
        Gen.Choose(-1_000_000, 1_000_000).ListOf().Select(numbers => $"{{ \"n\" : [ {string.Join(" ,\n", numbers)} ] }}"),
        Gen.Choose(1, 200).Select(depth => new string('[', depth) + new string(']', depth)));

    /// <summary>Text that is no JSON value.</summary>
    internal static Gen<string> NoJson => Gen.OneOf(
        Gen.Elements(
            "", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "01", "+1", ".5", "1.", "nul",
            "NaN", "Infinity", "\"", "\"\t\"", "[1]]", "{} {}", "//", "1 /* */", "\uFEFF{}", "undefined"),
        Json.Select(json => json + "x"),
        Json.Select(json => "," + json));

    /// <summary>A subject that keeps the contract.</summary>
    internal static Gen<string> Subject => Gen.Elements("a", "B9", "placed", "-", "_", "x-y_z").ListOf()
        .Select(tokens => Cut(string.Join('.', ["orders", .. tokens]), 200).TrimEnd('.'));

    internal static string Cut(string text, int length) => Whole(text.Length <= length ? text : text[..length]);

    // Halves of pairs cannot come: neither DynamoDB nor SQS has them.
    private static string Whole(string text) =>
        string.Concat(text.EnumerateRunes().Where(rune => rune.Value != 0xFFFD).Select(rune => rune.ToString()));
}
