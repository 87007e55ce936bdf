define internal void @forward(ptr %arena, ptr %table) #0 {
entry:
  %v1 = load <2 x double>, ptr %arena, align 8
  %v2 = load ptr, ptr %table, align 8
  %v3 = load double, ptr %v2, align 8
  %v4 = insertelement <2 x double> poison, double %v3, i32 0
  %v5 = shufflevector <2 x double> %v4, <2 x double> poison, <2 x i32> zeroinitializer
  %v6 = fmul <2 x double> %v5, %v1
  %v7 = getelementptr double, ptr %arena, i64 2
  %v8 = load <2 x double>, ptr %v7, align 8
  %v9 = getelementptr double, ptr %v2, i64 1
  %v10 = load double, ptr %v9, align 8
  %v11 = insertelement <2 x double> poison, double %v10, i32 0
  %v12 = shufflevector <2 x double> %v11, <2 x double> poison, <2 x i32> zeroinitializer
  %v13 = fmul <2 x double> %v12, %v8
  %v14 = fadd <2 x double> %v6, %v13
  %v15 = getelementptr double, ptr %arena, i64 8
  %v16 = load <2 x double>, ptr %v15, align 8
  %v17 = fadd <2 x double> %v14, %v16
  %v18 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v17, <2 x double> splat (double -1.4426950408889634), <2 x double> splat (double 6755399441055744.0))
  %v19 = fsub <2 x double> %v18, splat (double 6755399441055744.0)
  %v20 = call <2 x double> @llvm.fabs.v2f64(<2 x double> %v17)
  %v21 = fcmp ogt <2 x double> %v20, splat (double 707.5)
  %v22 = fcmp olt <2 x double> %v17, splat (double 0.0)
  %v23 = select <2 x i1> %v22, <2 x double> splat (double 0x7FF0000000000000), <2 x double> splat (double 0.0)
  %v24 = bitcast <2 x double> %v18 to <2 x i64>
  %v25 = sub <2 x i64> %v24, splat (i64 4843621399236968448)
  %v26 = add <2 x i64> %v25, splat (i64 1023)
  %v27 = shl <2 x i64> %v26, splat (i64 52)
  %v28 = bitcast <2 x i64> %v27 to <2 x double>
  %v29 = select <2 x i1> %v21, <2 x double> %v23, <2 x double> %v28
  %v30 = fneg <2 x double> %v17
  %v31 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v19, <2 x double> splat (double -0.6931467056274414), <2 x double> %v30)
  %v32 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v19, <2 x double> splat (double 0xBE9FDF473DE6AF28), <2 x double> %v31)
  %v33 = select <2 x i1> %v21, <2 x double> splat (double 1.0), <2 x double> %v32
  %v34 = fmul <2 x double> %v33, %v33
  %v35 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.16666666666666669), <2 x double> %v33, <2 x double> splat (double 0.5000000000000001))
  %v36 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.008333333333330039), <2 x double> %v33, <2 x double> splat (double 0.041666666666623824))
  %v37 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.00019841269863171557), <2 x double> %v33, <2 x double> splat (double 0.0013888888917367081))
  %v38 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3EC71DE0D85293B8), <2 x double> %v33, <2 x double> splat (double 0x3EFA019B8CA26FCF))
  %v39 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3E5AF390BA7E6F47), <2 x double> %v33, <2 x double> splat (double 0x3E92891D4FFBB0F9))
  %v40 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v36, <2 x double> %v34, <2 x double> %v35)
  %v41 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v38, <2 x double> %v34, <2 x double> %v37)
  %v42 = fmul <2 x double> %v34, %v34
  %v43 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v41, <2 x double> %v42, <2 x double> %v40)
  %v44 = fmul <2 x double> %v42, %v42
  %v45 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v39, <2 x double> %v44, <2 x double> %v43)
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v34, <2 x double> %v45, <2 x double> %v33)
  %v47 = fadd <2 x double> %v29, splat (double 1.0)
  %v48 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v29, <2 x double> %v46, <2 x double> %v47)
  %v49 = fdiv <2 x double> splat (double 1.0), %v48
  %v50 = fsub <2 x double> splat (double 1.0), %v49
  %v51 = fmul <2 x double> %v49, %v50
  %v52 = getelementptr double, ptr %arena, i64 40
  store <2 x double> %v49, ptr %v52, align 8
  %v53 = getelementptr double, ptr %arena, i64 64
  store <2 x double> %v51, ptr %v53, align 8
  %v54 = getelementptr double, ptr %arena, i64 16
  %v55 = load double, ptr %v54, align 8
  %v56 = load double, ptr %v52, align 8
  %v57 = fmul double %v56, %v55
  %v58 = getelementptr double, ptr %v54, i64 1
  %v59 = load double, ptr %v58, align 8
  %v60 = getelementptr double, ptr %v52, i64 1
  %v61 = load double, ptr %v60, align 8
  %v62 = fmul double %v61, %v59
  %v63 = fadd double %v57, %v62
  %v64 = getelementptr double, ptr %arena, i64 24
  %v65 = load double, ptr %v64, align 8
  %v66 = fadd double %v63, %v65
  %v67 = call double @llvm.fmuladd.f64(double %v66, double -1.4426950408889634, double 6755399441055744.0)
  %v68 = fsub double %v67, 6755399441055744.0
  %v69 = call double @llvm.fabs.f64(double %v66)
  %v70 = fcmp ogt double %v69, 707.5
  %v71 = fcmp olt double %v66, 0.0
  %v72 = select i1 %v71, double 0x7FF0000000000000, double 0.0
  %v73 = bitcast double %v67 to i64
  %v74 = sub i64 %v73, 4843621399236968448
  %v75 = add i64 %v74, 1023
  %v76 = shl i64 %v75, 52
  %v77 = bitcast i64 %v76 to double
  %v78 = select i1 %v70, double %v72, double %v77
  %v79 = fneg double %v66
  %v80 = call double @llvm.fmuladd.f64(double %v68, double -0.6931467056274414, double %v79)
  %v81 = call double @llvm.fmuladd.f64(double %v68, double 0xBE9FDF473DE6AF28, double %v80)
  %v82 = select i1 %v70, double 1.0, double %v81
  %v83 = fmul double %v82, %v82
  %v84 = call double @llvm.fmuladd.f64(double 0.16666666666666669, double %v82, double 0.5000000000000001)
  %v85 = call double @llvm.fmuladd.f64(double 0.008333333333330039, double %v82, double 0.041666666666623824)
  %v86 = call double @llvm.fmuladd.f64(double 0.00019841269863171557, double %v82, double 0.0013888888917367081)
  %v87 = call double @llvm.fmuladd.f64(double 0x3EC71DE0D85293B8, double %v82, double 0x3EFA019B8CA26FCF)
  %v88 = call double @llvm.fmuladd.f64(double 0x3E5AF390BA7E6F47, double %v82, double 0x3E92891D4FFBB0F9)
  %v89 = call double @llvm.fmuladd.f64(double %v85, double %v83, double %v84)
  %v90 = call double @llvm.fmuladd.f64(double %v87, double %v83, double %v86)
  %v91 = fmul double %v83, %v83
  %v92 = call double @llvm.fmuladd.f64(double %v90, double %v91, double %v89)
  %v93 = fmul double %v91, %v91
  %v94 = call double @llvm.fmuladd.f64(double %v88, double %v93, double %v92)
  %v95 = call double @llvm.fmuladd.f64(double %v83, double %v94, double %v82)
  %v96 = fadd double %v78, 1.0
  %v97 = call double @llvm.fmuladd.f64(double %v78, double %v95, double %v96)
  %v98 = fdiv double 1.0, %v97
  %v99 = getelementptr ptr, ptr %table, i64 1
  %v100 = load ptr, ptr %v99, align 8
  %v101 = load double, ptr %v100, align 8
  %v102 = fsub double %v101, %v98
  %v103 = fmul double 2.0, 0.5
  %v104 = fmul double %v103, %v102
  %v105 = fneg double %v104
  %v106 = fsub double 1.0, %v98
  %v107 = fmul double %v98, %v106
  %v108 = fmul double %v105, %v107
  %v109 = getelementptr double, ptr %arena, i64 32
  %v110 = load double, ptr %v109, align 8
  %v111 = fmul double %v110, %v108
  %v112 = fneg double %v110
  %v113 = call double @llvm.fmuladd.f64(double %v112, double %v108, double %v65)
  %v114 = getelementptr double, ptr %arena, i64 48
  store double %v102, ptr %v114, align 8
  %v115 = getelementptr double, ptr %arena, i64 56
  store double %v108, ptr %v115, align 8
  %v116 = getelementptr double, ptr %arena, i64 88
  store double %v113, ptr %v116, align 8
  %v117 = load double, ptr %v114, align 8
  %v118 = fmul double %v117, %v117
  %v119 = call double @llvm.fmuladd.f64(double %v117, double %v117, double 0.0)
  %v120 = fmul double 0.5, %v119
  %v121 = getelementptr double, ptr %arena, i64 80
  store double %v120, ptr %v121, align 8
  ret void
}
define internal void @update(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 16
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = getelementptr double, ptr %arena, i64 56
  %v4 = load double, ptr %v3, align 8
  %v5 = insertelement <2 x double> poison, double %v4, i32 0
  %v6 = shufflevector <2 x double> %v5, <2 x double> poison, <2 x i32> zeroinitializer
  %v7 = fmul <2 x double> %v6, %v2
  %v8 = getelementptr double, ptr %arena, i64 64
  %v9 = load <2 x double>, ptr %v8, align 8
  %v10 = fmul <2 x double> %v7, %v9
  %v11 = getelementptr double, ptr %arena, i64 32
  %v12 = load double, ptr %v11, align 8
  %v13 = insertelement <2 x double> poison, double %v12, i32 0
  %v14 = shufflevector <2 x double> %v13, <2 x double> poison, <2 x i32> zeroinitializer
  %v15 = fmul <2 x double> %v14, %v10
  %v16 = getelementptr double, ptr %arena, i64 8
  %v17 = load <2 x double>, ptr %v16, align 8
  %v18 = fneg double %v12
  %v19 = insertelement <2 x double> poison, double %v18, i32 0
  %v20 = shufflevector <2 x double> %v19, <2 x double> poison, <2 x i32> zeroinitializer
  %v21 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v20, <2 x double> %v10, <2 x double> %v17)
  %v22 = getelementptr double, ptr %arena, i64 72
  store <2 x double> %v10, ptr %v22, align 8
  store <2 x double> %v21, ptr %v16, align 8
  %v23 = getelementptr double, ptr %arena, i64 88
  %v24 = load double, ptr %v23, align 8
  %v25 = getelementptr double, ptr %arena, i64 24
  store double %v24, ptr %v25, align 8
  %v26 = load double, ptr %v11, align 8
  %v27 = load <2 x double>, ptr %v22, align 8
  %v28 = insertelement <2 x double> poison, double %v26, i32 0
  %v29 = shufflevector <2 x double> %v28, <2 x double> poison, <2 x i32> zeroinitializer
  %v30 = fmul <2 x double> %v29, %v27
  %v31 = load ptr, ptr %table, align 8
  %v32 = load double, ptr %v31, align 8
  %v33 = insertelement <2 x double> poison, double %v32, i32 0
  %v34 = shufflevector <2 x double> %v33, <2 x double> poison, <2 x i32> zeroinitializer
  %v35 = fmul <2 x double> %v30, %v34
  %v36 = load <2 x double>, ptr %arena, align 8
  %v37 = fneg <2 x double> %v30
  %v38 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v37, <2 x double> %v34, <2 x double> %v36)
  %v39 = getelementptr double, ptr %v31, i64 1
  %v40 = load double, ptr %v39, align 8
  %v41 = insertelement <2 x double> poison, double %v40, i32 0
  %v42 = shufflevector <2 x double> %v41, <2 x double> poison, <2 x i32> zeroinitializer
  %v43 = fmul <2 x double> %v30, %v42
  %v44 = getelementptr double, ptr %arena, i64 2
  %v45 = load <2 x double>, ptr %v44, align 8
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v37, <2 x double> %v42, <2 x double> %v45)
  store <2 x double> %v38, ptr %arena, align 8
  store <2 x double> %v46, ptr %v44, align 8
  %v47 = load double, ptr %v11, align 8
  %v48 = load double, ptr %v3, align 8
  %v49 = fmul double %v47, %v48
  %v50 = getelementptr double, ptr %arena, i64 40
  %v51 = load <2 x double>, ptr %v50, align 8
  %v52 = insertelement <2 x double> poison, double %v49, i32 0
  %v53 = shufflevector <2 x double> %v52, <2 x double> poison, <2 x i32> zeroinitializer
  %v54 = fmul <2 x double> %v53, %v51
  %v55 = load <2 x double>, ptr %v1, align 8
  %v56 = fneg double %v49
  %v57 = insertelement <2 x double> poison, double %v56, i32 0
  %v58 = shufflevector <2 x double> %v57, <2 x double> poison, <2 x i32> zeroinitializer
  %v59 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v58, <2 x double> %v51, <2 x double> %v55)
  store <2 x double> %v59, ptr %v1, align 8
  ret void
}
define i64 @run(ptr %home, ptr %addresses, ptr %examples, ptr %order, i64 %total, i64 %epoch, i64 %batch, i64 %rounded, ptr %scalars, ptr %errors) #0 {
entry:
  %mode = alloca i32
  %mode.new = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %mode.old = load i32, ptr %mode
  %mode.set = or i32 %mode.old, 32832
  store i32 %mode.set, ptr %mode.new
  call void @llvm.x86.sse.ldmxcsr(ptr %mode.new)
  %arena = alloca [2880 x i8], align 64
  %table = alloca [2 x ptr], align 8
  %v1 = getelementptr i8, ptr %home, i64 0
  %v2 = getelementptr i8, ptr %arena, i64 0
  %v3 = load <2 x double>, ptr %v1, align 8
  store <2 x double> %v3, ptr %v2, align 8
  %v4 = getelementptr i8, ptr %home, i64 16
  %v5 = getelementptr i8, ptr %arena, i64 16
  %v6 = load <2 x double>, ptr %v4, align 8
  store <2 x double> %v6, ptr %v5, align 8
  %v7 = getelementptr i8, ptr %home, i64 64
  %v8 = getelementptr i8, ptr %arena, i64 64
  %v9 = load <2 x double>, ptr %v7, align 8
  store <2 x double> %v9, ptr %v8, align 8
  %v10 = getelementptr i8, ptr %home, i64 128
  %v11 = getelementptr i8, ptr %arena, i64 128
  %v12 = load <2 x double>, ptr %v10, align 8
  store <2 x double> %v12, ptr %v11, align 8
  %v13 = getelementptr i8, ptr %home, i64 192
  %v14 = getelementptr i8, ptr %arena, i64 192
  %v15 = load double, ptr %v13, align 8
  store double %v15, ptr %v14, align 8
  %v17 = load ptr, ptr %scalars, align 8
  %v21 = load ptr, ptr %examples, align 8
  %v26 = getelementptr ptr, ptr %examples, i64 1
  %v27 = load ptr, ptr %v26, align 8
  %v29 = getelementptr ptr, ptr %table, i64 1
  br label %loop1
loop1:
  %v16 = phi i64 [ 0, %entry ], [ %nextloop1, %on2 ]
  %v18 = getelementptr double, ptr %v17, i64 %v16
  %v19 = load double, ptr %v18, align 8
  %v20 = getelementptr i8, ptr %arena, i64 256
  store double %v19, ptr %v20, align 8
  %v22 = getelementptr i64, ptr %order, i64 %v16
  %v23 = load i64, ptr %v22, align 8
  %v24 = mul i64 %v23, 2
  %v25 = getelementptr double, ptr %v21, i64 %v24
  store ptr %v25, ptr %table
  %v28 = getelementptr double, ptr %v27, i64 %v23
  store ptr %v28, ptr %v29
  call void @forward(ptr %arena, ptr %table) alwaysinline
  %v30 = getelementptr i8, ptr %arena, i64 640
  %v31 = load double, ptr %v30, align 8
  %v32 = getelementptr double, ptr %errors, i64 %v16
  store double %v31, ptr %v32, align 8
  %v33 = call double @llvm.fabs.f64(double %v31)
  %v34 = fcmp olt double %v33, 0x7FF0000000000000
  br i1 %v34, label %on2, label %off2
off2:
  %v35 = getelementptr i8, ptr %arena, i64 0
  %v36 = getelementptr i8, ptr %home, i64 0
  %v37 = load <2 x double>, ptr %v35, align 8
  store <2 x double> %v37, ptr %v36, align 8
  %v38 = getelementptr i8, ptr %arena, i64 16
  %v39 = getelementptr i8, ptr %home, i64 16
  %v40 = load <2 x double>, ptr %v38, align 8
  store <2 x double> %v40, ptr %v39, align 8
  %v41 = getelementptr i8, ptr %arena, i64 64
  %v42 = getelementptr i8, ptr %home, i64 64
  %v43 = load <2 x double>, ptr %v41, align 8
  store <2 x double> %v43, ptr %v42, align 8
  %v44 = getelementptr i8, ptr %arena, i64 128
  %v45 = getelementptr i8, ptr %home, i64 128
  %v46 = load <2 x double>, ptr %v44, align 8
  store <2 x double> %v46, ptr %v45, align 8
  %v47 = getelementptr i8, ptr %arena, i64 192
  %v48 = getelementptr i8, ptr %home, i64 192
  %v49 = load double, ptr %v47, align 8
  store double %v49, ptr %v48, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %v16
on2:
  call void @update(ptr %arena, ptr %table) alwaysinline
  %nextloop1 = add i64 %v16, 1
  %againloop1 = icmp slt i64 %nextloop1, %total
  br i1 %againloop1, label %loop1, label %endloop1
endloop1:
  %v50 = getelementptr i8, ptr %arena, i64 0
  %v51 = getelementptr i8, ptr %home, i64 0
  %v52 = load <2 x double>, ptr %v50, align 8
  store <2 x double> %v52, ptr %v51, align 8
  %v53 = getelementptr i8, ptr %arena, i64 16
  %v54 = getelementptr i8, ptr %home, i64 16
  %v55 = load <2 x double>, ptr %v53, align 8
  store <2 x double> %v55, ptr %v54, align 8
  %v56 = getelementptr i8, ptr %arena, i64 64
  %v57 = getelementptr i8, ptr %home, i64 64
  %v58 = load <2 x double>, ptr %v56, align 8
  store <2 x double> %v58, ptr %v57, align 8
  %v59 = getelementptr i8, ptr %arena, i64 128
  %v60 = getelementptr i8, ptr %home, i64 128
  %v61 = load <2 x double>, ptr %v59, align 8
  store <2 x double> %v61, ptr %v60, align 8
  %v62 = getelementptr i8, ptr %arena, i64 192
  %v63 = getelementptr i8, ptr %home, i64 192
  %v64 = load double, ptr %v62, align 8
  store double %v64, ptr %v63, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %total
}
declare <2 x double> @llvm.fmuladd.v2f64(<2 x double>, <2 x double>, <2 x double>)
declare <2 x double> @llvm.fabs.v2f64(<2 x double>)
declare double @llvm.fmuladd.f64(double, double, double)
declare double @llvm.fabs.f64(double)
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" "reciprocal-estimates"="vec-divf" }
