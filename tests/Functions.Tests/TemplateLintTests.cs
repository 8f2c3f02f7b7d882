using System.ComponentModel;
using System.Diagnostics;

namespace Relaybox.Functions.Tests;

/// <summary>template.yaml as cfn-lint sees it, if cfn-lint is on the machine.</summary>
public class TemplateLintTests
{
    [Fact]
    public async Task Cfn_lint_finds_nothing()
    {
        var (code, output) = await LintAsync(Path.Combine(TemplateDocument.Folder, "template.yaml"));

        Assert.Equal("", output);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Cfn_lint_finds_what_is_wrong()
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-lint-");
        try
        {
            var broken = Path.Combine(folder.FullName, "template.yaml");
            await File.WriteAllTextAsync(broken, "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {NoSuchProperty: 1}}}");

            var (code, output) = await LintAsync(broken);

            Assert.NotEqual(0, code);
            Assert.Contains("NoSuchProperty", output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(int Code, string Output)> LintAsync(string path)
    {
        var start = new ProcessStartInfo("cfn-lint", ["--include-checks", "I", "--template", path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("cfn-lint is not on the PATH. Install it to have the template checked: pip install cfn-lint");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, (output + await errors).Trim());
        }
    }
}
