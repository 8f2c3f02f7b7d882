using System.Globalization;
using Spectre.Console;

namespace Relaybox.Local.Output;

/// <summary>Live lines: coloured on a terminal, plain otherwise.</summary>
internal sealed class ConsoleOutput(IAnsiConsole console, bool isTerminal, TimeProvider time) : ILiveOutput
{
    private static readonly Color[] FunctionColors = [Color.Aqua, Color.Green, Color.Fuchsia, Color.Yellow, Color.Blue, Color.Olive];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Style> _styles = [];

    public static ConsoleOutput Standard() => new(AnsiConsole.Console, !Console.IsOutputRedirected, TimeProvider.System);

    public void FunctionLine(string function, string line)
    {
        var parsed = FunctionLogLine.Parse(line);
        lock (_gate)
        {
            if (!_styles.TryGetValue(function, out var style))
            {
                _styles[function] = style = new Style(FunctionColors[_styles.Count % FunctionColors.Length]);
            }

            Write(function, style, parsed.Text, parsed.IsProblem ? new Style(Color.Yellow) : Style.Plain);
        }
    }

    public void Information(string text) => WriteOwn(text, Style.Plain);

    public void Warning(string text) => WriteOwn(text, new Style(Color.Yellow));

    public void Error(string text) => WriteOwn(text, new Style(Color.Red));

    private void WriteOwn(string text, Style style)
    {
        lock (_gate)
        {
            Write("relaybox", new Style(decoration: Decoration.Bold), text, style);
        }
    }

    private void Write(string source, Style sourceStyle, string text, Style style)
    {
        var clock = time.GetLocalNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        if (!isTerminal)
        {
            // Spectre would break the line at the width that it assumes.
            console.Profile.Out.Writer.WriteLine($"{clock} {source,-12} {text}");
            return;
        }

        console.Write(new Text($"{clock} ", new Style(Color.Grey)));
        console.Write(new Text($"{source,-12} ", sourceStyle));
        console.Write(new Text(text + Environment.NewLine, style));
    }
}
