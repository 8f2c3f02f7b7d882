using System.Text.Json;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Packages;

/// <summary>Where Amazon.Lambda.* come from: a deploy never ships a stand-in.</summary>
public class OfficialPackagesTests
{
    private const string FromTheTool = "-p:GenerateRuntimeConfigurationFiles=true";

    [Fact]
    public async Task A_build_of_lambdas_packaging_tool_has_the_official_packages_alone()
    {
        var (packages, projects) = await ReferencesAsync(FromTheTool);

        Assert.Equal(
            [
                "Amazon.Lambda.Annotations", "Amazon.Lambda.Core", "Amazon.Lambda.DynamoDBEvents", "Amazon.Lambda.RuntimeSupport",
                "Amazon.Lambda.SQSEvents", "Amazon.Lambda.Serialization.SystemTextJson",
            ],
            packages.Where(IsOfLambda).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(projects, project => project.Contains("Substitutes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData]
    [InlineData(FromTheTool, "-p:OfficialPackages=false")]
    public async Task Any_other_build_and_one_that_says_so_has_stand_ins_for_these_alone(params string[] arguments)
    {
        var (packages, projects) = await ReferencesAsync(arguments);

        Assert.DoesNotContain(packages, IsOfLambda);
        Assert.All(
            projects.Where(project => project.Contains("Substitutes", StringComparison.Ordinal)),
            project => Assert.StartsWith("Amazon.Lambda.", Path.GetFileName(project), StringComparison.Ordinal));
        Assert.Contains(projects, project => project.EndsWith("Amazon.Lambda.Core.csproj", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Certificates_come_along_in_the_package()
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-certificates-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "global-bundle.pem"), "");
            var run = await ProgramRun.OfAsync(
                [
                    "dotnet", "msbuild", "src/Functions/Functions.csproj", $"-p:CertificatesFolder={folder.FullName}/",
                    "-t:ComputeResolvedFilesToPublishList", "-getItem:ResolvedFileToPublish",
                ],
                TimeSpan.FromMinutes(5),
                TestContext.Current.CancellationToken,
                new Dictionary<string, string> { ["OfficialPackages"] = "", ["NativeFunctions"] = "" });

            Assert.Contains(run.Printed, line => line.Trim() == "\"RelativePath\": \"certs/global-bundle.pem\",");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool IsOfLambda(string package) => package.StartsWith("Amazon.Lambda.", StringComparison.Ordinal);

    private static async Task<(List<string> Packages, List<string> Projects)> ReferencesAsync(params string[] arguments)
    {
        var run = await ProgramRun.OfAsync(
            ["dotnet", "msbuild", "src/Functions/Functions.csproj", "-getItem:PackageReference", "-getItem:ProjectReference", .. arguments],
            TimeSpan.FromMinutes(5),
            TestContext.Current.CancellationToken,
            new Dictionary<string, string> { ["OfficialPackages"] = "", ["NativeFunctions"] = "" });
        using var items = JsonDocument.Parse(string.Join('\n', run.Printed));
        return (Names("PackageReference"), Names("ProjectReference"));

        List<string> Names(string item) =>
        [
            .. items.RootElement.GetProperty("Items")
                .GetProperty(item)
                .EnumerateArray()
                .Select(entry => entry.GetProperty("Identity").GetString()!),
        ];
    }
}
